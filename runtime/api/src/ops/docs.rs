//! The OpenAPI document, and a page to read it with that needs no network.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::error::ApiError;
use crate::extract::At;

/// Scripts and styles come from this server only. Swagger UI sets styles inline and draws icons from `data:` URLs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
);

/// The document, written once.
#[derive(Clone)]
pub(crate) struct Document(Bytes);

impl Document {
    pub(crate) fn new(api: &OpenApi) -> Self {
        Self(api.to_json().unwrap_or_default().into())
    }
}

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = crate::wire::JsonObject))
)]
pub(crate) async fn openapi(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.0).into_response()
}

/// The API reference, for people.
#[utoipa::path(get, path = "/docs", tag = "operations", responses((status = 303, description = "At /docs/index.html")))]
pub(crate) async fn docs() -> Redirect {
    Redirect::to("/docs/index.html")
}

/// A file of the API reference.
#[utoipa::path(
    get, path = "/docs/{file}", tag = "operations",
    params(("file" = String, Path, description = "The file's name", example = "index.html")),
    responses((status = 200, description = "The file", body = String, content_type = "text/html"))
)]
pub(crate) async fn docs_file(At(file): At<String>) -> Result<Response, ApiError> {
    let config = Arc::new(Config::new(["/openapi.json"]));
    let found = utoipa_swagger_ui::serve(&file, config).map_err(|error| ApiError::internal(error.to_string()))?;
    let found = found.ok_or_else(|| ApiError::not_found("RESOURCE_NOT_FOUND", "There is no such file"))?;
    let kind =
        HeaderValue::from_str(&found.content_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers: [(HeaderName, HeaderValue); 2] =
        [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY)];
    Ok((headers, found.bytes.into_owned()).into_response())
}
