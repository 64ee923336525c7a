//! `POST /v1/workflows/closing-reasons`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::WorkspaceId;
use stepwell_store::closing_reason::{self, ClosingReason};
use stepwell_store::{Conn, StoreError};
use uuid::Uuid;

use super::MAX_REASONS;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::body::Body;
use crate::flows::wire::common::ErrorResp;
use crate::flows::wire::reason::{CatalogueReason, ClosingReasonsStatus, WriteReason};
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Makes a closing reason, which can be chosen unless it says otherwise.
#[utoipa::path(
    post, path = "/v1/workflows/closing-reasons", tag = "closing reasons",
    security(("secret_key" = ["flow-templates:write"])), request_body = WriteReason,
    responses(
        (status = 201, description = "The reason", body = CatalogueReason),
        (status = 409, description = "Another one has the id", body = ErrorResp),
    )
)]
pub(crate) async fn create(
    key: Secret<FlowTemplatesWrite>,
    State(state): State<ApiState>,
    Body(wanted): Body<WriteReason>,
) -> Result<(StatusCode, Json<CatalogueReason>), ApiError> {
    let (workspace, now) = (key.workspace, state.now());
    let title = wanted.title.ok_or_else(|| ApiError::field("title", "required", "title is required"))?;
    let new = ClosingReason {
        id: wanted.id.unwrap_or_else(|| state.new_id::<Uuid>().to_string()),
        title,
        active: wanted.status.is_none_or(ClosingReasonsStatus::is_active),
        created_at: now,
        updated_at: now,
    };
    let stored = new.clone();
    let written =
        state.store().write_for(workspace, move |conn| Box::pin(async move { insert(conn, workspace, &stored).await }));
    written.await?;
    Ok((StatusCode::CREATED, Json(new.into())))
}

async fn insert(conn: &mut Conn, workspace: WorkspaceId, reason: &ClosingReason) -> Result<(), ApiError> {
    if closing_reason::count(conn, workspace).await? >= MAX_REASONS.into() {
        let message = format!("the workspace has {MAX_REASONS} closing reasons, and may not have more");
        return Err(ApiError::bad_request(message).suggest("Delete those that are not used any more"));
    }
    closing_reason::insert(conn, workspace, reason).await.map_err(|error| match error {
        StoreError::AlreadyExists => ApiError::conflict("Another closing reason has this id"),
        other => other.into(),
    })
}
