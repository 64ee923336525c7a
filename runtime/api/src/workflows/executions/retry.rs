//! `POST /workflows/:id/executions/:executionId/retry`

use axum::extract::State;
use stepwell_core::{DefinitionId, ExecutionId};

use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::{map, wire};

/// Takes a failed execution up again at the step that failed. Steps that completed are not run again.
#[utoipa::path(
    post, path = "/workflows/{id}/executions/{executionId}/retry", tag = "executions", security(("secret_key" = ["workflows:write"])),
    params(
        ("id" = Uuid, Path, description = "The workflow"),
        ("executionId" = Uuid, Path, description = "The execution"),
    ),
    responses(
        (status = 200, description = "The execution, which runs again", body = wire::Execution),
        (status = 409, description = "It has not failed, or another execution of the contact has begun", body = ErrorBody),
    )
)]
pub(crate) async fn retry(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At((id, execution)): At<(DefinitionId, ExecutionId)>,
) -> Result<Json<wire::Execution>, ApiError> {
    let retried = state.engine().retry(access.workspace, id, execution).await?;
    Ok(Json(map::execution(&retried)))
}
