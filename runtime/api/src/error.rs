//! What a request is refused with: one error for every route, with its status, stable code and safe words.
//!
//! An [`ApiError`] knows nothing of envelopes: it travels in the response's extensions until [`crate::envelope`] writes it
//! down with the request's id. Causes are logged there and never sent.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The most field errors that one answer names.
pub(crate) const MAX_FIELD_ERRORS: usize = 20;

/// The cause of an error, for the log.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Something wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where: member names and indexes joined by dots, `data.plan`; empty for the whole body.
    pub field: String,
    /// What is wrong, in words.
    pub message: String,
    /// A stable word: `required`, `invalid_type`, `too_small`, `too_big`, `invalid_string`, `invalid_enum_value`,
    /// `unrecognized_keys`, `reserved_event`, …
    pub code: Cow<'static, str>,
    /// What was received, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
}

impl FieldError {
    /// A field error that does not repeat what was received.
    pub fn new(field: impl Into<String>, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), code: code.into(), received: None }
    }
}

/// Why a request was refused or could not be answered.
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

/// What an error says. Only [`crate::envelope`] looks inside.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) details: Option<Value>,
    pub(crate) suggestion: Option<Cow<'static, str>>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) cause: Option<Cause>,
}

/// An error on its way to the envelope.
#[derive(Clone)]
pub(crate) struct Undressed(pub(crate) Arc<Parts>);

impl ApiError {
    /// An error with a status, a stable code and words that are safe to send.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            message: message.into(),
            errors: Vec::new(),
            details: None,
            suggestion: None,
            retry_after: None,
            cause: None,
        }))
    }

    /// 422: the request does not fit the schema; each of `errors` names a field.
    pub fn validation(mut errors: Vec<FieldError>) -> Self {
        errors.truncate(MAX_FIELD_ERRORS);
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", "Request validation failed");
        error.0.errors = errors;
        error
    }

    /// 422 for one field.
    pub fn field(field: impl Into<String>, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::validation(vec![FieldError::new(field, code, message)])
    }

    /// 400: the request makes no sense as things stand.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// 404 with a code that names what was not found, `CONTACT_NOT_FOUND` for example.
    pub fn not_found(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 409.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "CONFLICT", message)
    }

    /// 403: the key may not do this.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    /// 500 with a cause that is logged and not sent.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        let message = "Something went wrong on the server; its log names the cause under this request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", message).caused_by(cause)
    }

    /// 503 that asks to come back in a second.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", message).retry_after(1)
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub fn with(mut self, wrong: FieldError) -> Self {
        self.0.errors.push(wrong);
        self
    }

    /// Adds a member `details`.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    /// Adds a hint about what to do.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<Cow<'static, str>>) -> Self {
        self.0.suggestion = Some(suggestion.into());
        self
    }

    /// Adds a `Retry-After` header, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Adds a cause, which is logged and never sent.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What is wrong with which fields.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(Undressed(Arc::from(self.0)));
        response
    }
}
