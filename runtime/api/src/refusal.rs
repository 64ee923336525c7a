//! Which status, code and words each error of the engine and the store has. Each is answered for: no `match` has a rest.

use axum::http::StatusCode;
use serde_json::json;
use stepwell_core::PluginError;
use stepwell_engine::EngineError;
use stepwell_store::{StoreError, Trouble};

use crate::error::ApiError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if let Some(trouble) = error.trouble() {
            return of_database(trouble).caused_by(error);
        }
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
            | StoreError::Trouble(_)
            | StoreError::Panicked
            | StoreError::Corrupt { .. }
            | StoreError::Json(_)
            | StoreError::Database(_) => Self::internal(error),
        }
    }
}

/// 503: it is the database and not the request, and it may pass.
fn of_database(trouble: Trouble) -> ApiError {
    let (code, message, seconds) = match trouble {
        Trouble::Full => ("DATABASE_FULL", "The disk of the database is full", 5),
        Trouble::ReadOnly => ("DATABASE_READ_ONLY", "The database may only be read", 5),
        Trouble::Unreachable => ("DATABASE_UNREACHABLE", "The database does not answer", 1),
        Trouble::Failing => ("DATABASE_FAILING", "The disk of the database does not read or write", 5),
    };
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message).retry_after(seconds)
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
            EngineError::Act(refused) => Self::conflict(refused.to_string()),
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
            EngineError::UnknownEntity { id, .. } => {
                Self::not_found("RESOURCE_NOT_FOUND", format!("there is no entity {id:?}"))
            }
            EngineError::EntityTooLarge { limit } => Self::field(
                "",
                "too_big",
                format!("the entity's attributes would take more than {limit} bytes as JSON"),
            ),
            EngineError::OtherContact { .. } => {
                Self::conflict("A contact was made or deleted at the same time").suggest("Try again")
            }
            EngineError::Plugin(error) => error.into(),
            EngineError::BadLink => Self::not_found("RESOURCE_NOT_FOUND", "The link is not valid"),
            EngineError::UnknownTask(_) => Self::not_found("RESOURCE_NOT_FOUND", "Task not found"),
            EngineError::TooManyFollow => {
                Self::unavailable("Too many executions are followed live at once").retry_after(5)
            }
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
