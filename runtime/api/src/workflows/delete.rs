//! `DELETE /workflows/:id`

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::{DefinitionId, Timestamp, WorkspaceId};
use stepwell_store::{Conn, definition, execution};

use super::edit;
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::At;
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;

/// Deletes a workflow with its steps, transitions and executions. Refused with 409 while executions are active.
#[utoipa::path(
    delete, path = "/workflows/{id}", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "It has active executions", body = ErrorBody),
    )
)]
pub(crate) async fn delete(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
) -> Result<StatusCode, ApiError> {
    let (workspace, now) = (access.workspace, state.now());
    state.store().write(move |conn| Box::pin(async move { delete_idle(conn, workspace, id, now).await })).await?;
    state.engine().schedules_changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a workflow, or refuses it.
pub(super) async fn delete_idle(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    now: Timestamp,
) -> Result<(), ApiError> {
    edit::head(conn, workspace, id).await?;
    let active = execution::active_count(conn, workspace, id).await?;
    if active > 0 {
        return Err(ApiError::conflict("The workflow has active executions")
            .details(serde_json::json!({ "activeExecutions": active }))
            .suggest("Cancel them first: POST /workflows/{id}/executions/cancel-all"));
    }
    definition::delete(conn, workspace, id, now).await?;
    Ok(())
}
