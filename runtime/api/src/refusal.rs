//! Which status, code and words each error of the engine and the store has. Each is answered for: no `match` has a rest.

use axum::http::StatusCode;
use serde_json::json;
use stepwell_core::PluginError;
use stepwell_engine::EngineError;
use stepwell_store::StoreError;

use crate::error::ApiError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Fenced(_) | StoreError::VersionConflict(_) => {
                Self::conflict("It was changed by somebody else at the same time").suggest("Try again")
            }
            StoreError::ReentryRefused(_) => Self::conflict("The contact may not enter this workflow again"),
            StoreError::EmailTaken(_) => Self::conflict("Another contact has this email address"),
            StoreError::AlreadyExists => Self::conflict("There is one already"),
            StoreError::Overloaded | StoreError::Closed => {
                Self::unavailable("The server is busy or shutting down").caused_by(error)
            }
            StoreError::BadUrl(_)
            | StoreError::Open { .. }
            | StoreError::Migrate(_)
            | StoreError::Thread(_)
            | StoreError::NotCommitted(_)
            | StoreError::Panicked
            | StoreError::Corrupt { .. }
            | StoreError::Json(_)
            | StoreError::Database(_) => Self::internal(error),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::UnknownDefinition(_) => Self::not_found("WORKFLOW_NOT_FOUND", "Workflow not found"),
            EngineError::UnknownExecution(_) => Self::not_found("RESOURCE_NOT_FOUND", "Workflow execution not found"),
            EngineError::UnknownContact(_) => Self::not_found("CONTACT_NOT_FOUND", "Contact not found"),
            EngineError::UnknownMessage(_) => Self::not_found("RESOURCE_NOT_FOUND", "Message not found"),
            EngineError::NotEnabled(_) => Self::bad_request("Workflow is not enabled"),
            EngineError::NoTrigger(_) => Self::bad_request("Workflow has no trigger step"),
            EngineError::ReentryRefused(_) => Self::conflict("The contact may not enter this workflow again"),
            EngineError::NotFailed(_) => Self::conflict("Only a failed execution can be retried"),
            EngineError::KeyReused { key, request, at, status } => {
                let message = "This idempotency key was used before";
                Self::new(StatusCode::CONFLICT, "IDEMPOTENCY_KEY_REUSED", message).details(json!({
                    "key": key, "originalRequest": request, "originalRequestAt": at.to_rfc3339(),
                    "originalStatusCode": status,
                }))
            }
            EngineError::ContactDataTooLarge { limit } => {
                Self::field("data", "too_big", format!("the contact's data would take more than {limit} bytes as JSON"))
            }
            EngineError::OtherContact { .. } => {
                Self::conflict("A contact was made or deleted at the same time").suggest("Try again")
            }
            EngineError::Plugin(error) => error.into(),
            EngineError::BadLink => Self::not_found("RESOURCE_NOT_FOUND", "The link is not valid"),
            EngineError::DryRun(message) => Self::bad_request(message),
        }
    }
}

impl From<PluginError> for ApiError {
    fn from(error: PluginError) -> Self {
        match error {
            PluginError::Refused { code, message } => Self::field("", code, message),
            PluginError::Host(cause) => Self::internal(cause),
        }
    }
}
