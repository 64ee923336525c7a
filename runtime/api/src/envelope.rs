//! The error envelope of the workflows surface (spec plunk-workflows, 1.2), in which every error is sent.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use stepwell_core::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{FieldError, Parts, Undressed};
use crate::flows;
use crate::wire::Time;

/// In whose words an error is sent. In the response's extensions; without it, it is the workflows surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Face {
    /// The workflows surface and the native API.
    #[default]
    Workflows,
    /// The flows surface.
    Flows,
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// Always false.
    success: bool,
    error: Details,
    timestamp: Time,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ErrorDetails)]
struct Details {
    /// A stable word, for programs.
    #[schema(example = "VALIDATION_ERROR")]
    code: &'static str,
    /// What is wrong, for people.
    message: Cow<'static, str>,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status_code: u16,
    /// The same as the `X-Request-ID` header; the server's log has it on every line of the request.
    request_id: Uuid,
    /// One for each field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// More for programs, by code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    details: Option<Value>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<Cow<'static, str>>,
}

/// Writes the error that a response carries, if it carries one, into its body, and logs its cause.
pub(crate) fn dress(mut response: Response, request_id: Uuid, now: Timestamp) -> Response {
    let Some(Undressed(error)) = response.extensions_mut().remove::<Undressed>() else { return response };
    let face = response.extensions_mut().remove::<Face>().unwrap_or_default();
    log(&error);
    let headers = response.headers_mut();
    if let Some(seconds) = error.retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if error.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.remove(CONTENT_LENGTH);
    let body = match face {
        Face::Workflows => body(&error, request_id, now),
        Face::Flows => {
            *response.status_mut() = flows::error::status(error.status);
            flows::error::body(&error, request_id)
        }
    };
    *response.body_mut() = Body::from(body);
    response
}

fn body(error: &Parts, request_id: Uuid, now: Timestamp) -> Vec<u8> {
    let envelope = ErrorBody {
        success: false,
        error: Details {
            code: error.code,
            message: error.message.clone(),
            status_code: error.status.as_u16(),
            request_id,
            errors: error.errors.clone(),
            details: error.details.clone(),
            suggestion: error.suggestion.clone(),
        },
        timestamp: Time(now),
    };
    serde_json::to_vec(&envelope).unwrap_or_default()
}

fn log(error: &Parts) {
    let Some(cause) = &error.cause else {
        tracing::debug!(status = error.status.as_u16(), code = error.code, message = %error.message, "refused");
        return;
    };
    let chain = chain(cause.as_ref());
    if error.status == StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(code = error.code, cause = %chain, "could not answer for now");
    } else if error.status.is_server_error() {
        tracing::error!(code = error.code, cause = %chain, "could not answer");
    } else {
        tracing::info!(code = error.code, cause = %chain, "refused");
    }
}

/// An error and its causes, outermost first.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use serde_json::json;

    use super::*;
    use crate::error::ApiError;

    async fn sent(error: ApiError) -> (Response, Value) {
        let response = dress(error.into_response(), Uuid::nil(), Timestamp(1_767_323_045_678));
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("body");
        (Response::from_parts(parts, Body::empty()), serde_json::from_slice(&bytes).expect("json"))
    }

    #[tokio::test]
    async fn an_error_is_sent_in_the_envelope_of_the_specification() {
        let error = ApiError::field("email", "invalid_string", "not an email").suggest("send an address");
        let (response, body) = sent(error).await;
        assert_eq!(response.status(), 422);
        assert_eq!(
            body,
            json!({
                "success": false,
                "error": {
                    "code": "VALIDATION_ERROR", "message": "Request validation failed", "statusCode": 422,
                    "requestId": "00000000-0000-0000-0000-000000000000",
                    "errors": [{"field": "email", "message": "not an email", "code": "invalid_string"}],
                    "suggestion": "send an address",
                },
                "timestamp": "2026-01-02T03:04:05.678Z",
            })
        );
    }

    #[tokio::test]
    async fn a_cause_is_never_sent() {
        let (response, body) = sent(ApiError::internal("the password is hunter2")).await;
        assert_eq!(response.status(), 500);
        assert!(!body.to_string().contains("hunter2"));
    }

    #[tokio::test]
    async fn an_error_that_may_pass_says_when_to_come_back() {
        let (response, _) = sent(ApiError::unavailable("Too busy")).await;
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }
}
