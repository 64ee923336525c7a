//! The body extractor: JSON whatever the `Content-Type` says, since clients send `application/x-www-form-urlencoded` with bodies that
//! they leave out.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{from_value, read};
use crate::state::ApiState;

/// A JSON body that fits the published schema of `T`. No body is `{}`.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON object that fits the published schema of `T`, as it was sent and as it is read: it is kept whole.
#[derive(Debug)]
pub(crate) struct Document<T> {
    /// As it was sent.
    pub(crate) sent: Map<String, Value>,
    /// What is read from it.
    pub(crate) read: T,
}

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest<ApiState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        from_value(value(request, state).await?).map(Self)
    }
}

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest<ApiState> for Document<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let value = value(request, state).await?;
        let read = from_value(value.clone())?;
        match value {
            Value::Object(sent) => Ok(Self { sent, read }),
            _ => Err(ApiError::field("", "invalid_type", "must be object")),
        }
    }
}

async fn value(request: Request, state: &ApiState) -> Result<Value, ApiError> {
    let bytes = read(request, state).await?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::bad_request(format!("The body is not valid JSON: {error}")))
}
