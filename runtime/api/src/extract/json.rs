//! The JSON extractor.

use std::sync::Arc;

use axum::RequestExt;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use super::check::{compiled, schema_of};
use super::text::free_of_nul;
use crate::error::ApiError;
use crate::request::Context;
use crate::state::ApiState;

/// A JSON body that fits the published schema of `T`; in an answer, `T` as JSON.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest<ApiState> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        is_json(request.headers())?;
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Reads a whole body within the limit of its route, the time a client has, and the memory the server has.
pub(crate) async fn read(request: Request, state: &ApiState) -> Result<Vec<u8>, ApiError> {
    let context = request.extensions().get::<Arc<Context>>().cloned();
    let reading = tokio::time::timeout(state.options().body_timeout, collect(request, state));
    let (bytes, room) = reading.await.map_err(|_| {
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "The body did not arrive in time")
    })??;
    if let Some(context) = context {
        context.hold(room);
    }
    Ok(bytes)
}

type Room = Option<tokio::sync::OwnedSemaphorePermit>;

async fn collect(request: Request, state: &ApiState) -> Result<(Vec<u8>, Room), ApiError> {
    let mut body: Body = request.into_limited_body();
    let (mut bytes, mut room) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(unreadable)?;
        let Ok(data) = frame.into_data() else { continue };
        state.gate().grow(&mut room, bytes.len() + data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, room))
}

fn unreadable(error: axum::Error) -> ApiError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if inner.is::<LengthLimitError>() {
            let message = "The body is too large for this route";
            return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message);
        }
        cause = inner.source();
    }
    ApiError::bad_request("The body could not be read").caused_by(error)
}

fn is_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "The body must be JSON")
        .suggest("Send the header Content-Type: application/json"))
}

fn parse<T: DeserializeOwned + ToSchema + 'static>(bytes: &[u8]) -> Result<T, ApiError> {
    from_value(serde_json::from_slice(bytes).map_err(|error| unparsable(&error))?)
}

/// A value that fits the published schema of `T`.
pub(crate) fn from_value<T: DeserializeOwned + ToSchema + 'static>(value: Value) -> Result<T, ApiError> {
    free_of_nul(&value)?;
    compiled::<T>(schema_of::<T>)?.check(&value)?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = error.path().to_string();
        let field = if field == "." { String::new() } else { field };
        ApiError::field(field, "invalid", error.into_inner().to_string())
    })
}

fn unparsable(error: &serde_json::Error) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", format!("The body is not valid JSON: {error}"))
}
