//! `GET /v1/messages/{id}`.

use axum::extract::State;
use serde::Serialize;
use stepwell_core::{Message, MessageId, MessageStatus};
use stepwell_store::outbox;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::MessagesRead;
use crate::state::ApiState;
use crate::wire::Time;

/// A message and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Message)]
pub(crate) struct MessageBody {
    id: Uuid,
    to: String,
    /// The sender; empty for the server's.
    from: String,
    /// Rendered.
    subject: String,
    status: Status,
    /// Why it failed, bounced, or waits.
    error: Option<String>,
    /// How often delivery was tried.
    attempts: u32,
    /// When it is tried next.
    next_attempt_at: Option<Time>,
    /// How often it was opened.
    opens: u32,
    /// How often a link in it was followed.
    clicks: u32,
    contact_id: Option<Uuid>,
    template_id: Option<Uuid>,
    /// The execution that sent it.
    execution_id: Option<Uuid>,
    step_id: Option<Uuid>,
    /// When a mail server took it.
    sent_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
}

/// Where a message stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = MessageStatus)]
enum Status {
    Pending,
    Sending,
    Sent,
    Opened,
    Clicked,
    Bounced,
    Failed,
}

impl From<MessageStatus> for Status {
    fn from(status: MessageStatus) -> Self {
        match status {
            MessageStatus::Pending => Self::Pending,
            MessageStatus::Sending => Self::Sending,
            MessageStatus::Sent => Self::Sent,
            MessageStatus::Opened => Self::Opened,
            MessageStatus::Clicked => Self::Clicked,
            MessageStatus::Bounced => Self::Bounced,
            MessageStatus::Failed => Self::Failed,
        }
    }
}

impl From<Message> for MessageBody {
    fn from(message: Message) -> Self {
        Self {
            id: message.id.0,
            to: message.email.to,
            from: message.email.from,
            subject: message.email.subject,
            status: message.status.into(),
            error: message.error,
            attempts: message.attempts,
            next_attempt_at: message.next_at.map(Time),
            opens: message.opens,
            clicks: message.clicks,
            contact_id: message.email.contact_id.map(|id| id.0),
            template_id: message.email.template_id.map(|id| id.0),
            execution_id: message.execution_id.map(|id| id.0),
            step_id: message.step_id.map(|id| id.0),
            sent_at: message.sent_at.map(Time),
            created_at: Time(message.created_at),
            updated_at: Time(message.updated_at),
        }
    }
}

/// One message and what became of it.
#[utoipa::path(
    get, path = "/v1/messages/{id}", tag = "messages", security(("secret_key" = ["messages:read"])),
    params(("id" = Uuid, Path, description = "The message")),
    responses((status = 200, description = "The message", body = MessageBody))
)]
pub(crate) async fn get(
    State(state): State<ApiState>,
    key: Secret<MessagesRead>,
    At(id): At<MessageId>,
) -> Result<Json<MessageBody>, ApiError> {
    let mut conn = state.store().reader().await?;
    let found = outbox::get(&mut conn, key.workspace, id).await?;
    Ok(Json(found.ok_or_else(|| ApiError::not_found("RESOURCE_NOT_FOUND", "Message not found"))?.into()))
}
