//! `POST /workflows/:id/executions/cancel-all`

use axum::extract::State;
use stepwell_core::DefinitionId;

use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::{edit, wire};

/// Cancels every active execution of a workflow.
#[utoipa::path(
    post, path = "/workflows/{id}/executions/cancel-all", tag = "executions", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    responses((status = 200, description = "How many there were", body = wire::CancelledAll))
)]
pub(crate) async fn cancel_all(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
) -> Result<Json<wire::CancelledAll>, ApiError> {
    let head = edit::head(&mut state.store().reader().await?, access.workspace, id).await?;
    let reason = "Cancelled by user (bulk cancel)";
    let cancelled = state.engine().cancel_all(access.workspace, head.id, reason).await?;
    Ok(Json(wire::CancelledAll { cancelled }))
}
