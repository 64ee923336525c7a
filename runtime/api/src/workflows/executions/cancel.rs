//! `DELETE /workflows/:id/executions/:executionId`

use axum::extract::State;
use stepwell_core::{DefinitionId, ExecutionId};

use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::{map, wire};

/// Cancels an execution. One that has ended stays as it is and is answered all the same.
#[utoipa::path(
    delete, path = "/workflows/{id}/executions/{executionId}", tag = "executions", security(("secret_key" = ["workflows:write"])),
    params(
        ("id" = Uuid, Path, description = "The workflow"),
        ("executionId" = Uuid, Path, description = "The execution"),
    ),
    responses((status = 200, description = "The execution as it is now", body = wire::Execution))
)]
pub(crate) async fn cancel(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At((id, execution)): At<(DefinitionId, ExecutionId)>,
) -> Result<Json<wire::Execution>, ApiError> {
    let reason = "Cancelled by user";
    let cancelled = state.engine().cancel(access.workspace, id, execution, reason).await?;
    Ok(Json(map::execution(&cancelled)))
}
