//! Errors in the words of the flows surface: `{"message": …}`, where a schema that is not met is a 400 like any bad request.

use std::fmt::Write;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use super::wire::common::ErrorResp;
use crate::envelope::Face;
use crate::error::{ApiError, Parts};

/// The most fields that a message names.
const NAMED: usize = 3;

/// A layer: what its routes refuse is sent as [`ErrorResp`].
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Face::Flows);
    response
}

/// The status with which an error is sent here.
pub(crate) fn status(status: StatusCode) -> StatusCode {
    if status == StatusCode::UNPROCESSABLE_ENTITY { StatusCode::BAD_REQUEST } else { status }
}

/// The body with which an error is sent here.
pub(crate) fn body(error: &Parts, request_id: Uuid) -> Vec<u8> {
    let response = ErrorResp {
        message: message(error),
        code: error.code,
        request_id,
        errors: error.errors.clone(),
        details: error.details.clone(),
    };
    serde_json::to_vec(&response).unwrap_or_default()
}

/// What is wrong, field by field; else the error's own words.
fn message(error: &Parts) -> String {
    if error.errors.is_empty() {
        return error.message.clone().into_owned();
    }
    let mut message = String::new();
    for wrong in error.errors.iter().take(NAMED) {
        let gap = if message.is_empty() { "" } else { "; " };
        let field = if wrong.field.is_empty() { "body" } else { &wrong.field };
        // Writing to a text does not fail.
        let _ = write!(message, "{gap}{field}: {}", wrong.message);
    }
    message
}

/// How a route answers for something that is not there: some of the contract's routes document no 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// With 404.
    NotFound,
    /// With 400.
    BadRequest,
}

impl Absent {
    /// There is no such thing in the workspace: `flow execution`, `task`.
    pub(crate) fn error(self, what: &str, id: &str) -> ApiError {
        let id: String = id.chars().take(64).collect();
        let message = format!("there is no {what} {id:?}");
        match self {
            Self::NotFound => ApiError::not_found("RESOURCE_NOT_FOUND", message),
            Self::BadRequest => ApiError::bad_request(message),
        }
    }
}

/// 400 for one field: `edges.3.to_id`.
pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> ApiError {
    ApiError::field(field, "invalid", message)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde_json::{Value, json};
    use stepwell_core::Timestamp;

    use super::*;
    use crate::envelope;
    use crate::error::FieldError;

    async fn sent(error: ApiError) -> (StatusCode, Value) {
        let mut response = error.into_response();
        response.extensions_mut().insert(Face::Flows);
        let response = envelope::dress(response, Uuid::nil(), Timestamp(0));
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("body");
        (status, serde_json::from_slice(&bytes).expect("json"))
    }

    #[tokio::test]
    async fn what_does_not_fit_is_a_bad_request_that_names_its_fields() {
        let wrong = ["name", "tasks.0.id", "", "edges"].map(|field| FieldError::new(field, "invalid", "is wrong"));
        let (status, body) = sent(ApiError::validation(wrong.to_vec())).await;
        assert_eq!(status, 400);
        assert_eq!(body["message"], "name: is wrong; tasks.0.id: is wrong; body: is wrong");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(4));
    }

    #[tokio::test]
    async fn an_error_without_fields_says_its_own_words() {
        let (status, body) = sent(Absent::NotFound.error("task", "t1")).await;
        assert_eq!(status, 404);
        let id = "00000000-0000-0000-0000-000000000000";
        let expected = json!({"message": "there is no task \"t1\"", "code": "RESOURCE_NOT_FOUND", "requestId": id});
        assert_eq!(body, expected);
        assert_eq!(sent(Absent::BadRequest.error("task", "t1")).await.0, 400);
    }
}
