//! `DELETE /v1/workflows/executions/{executionId}/steps/{stepId}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::flow::Deed;

use crate::error::ApiError;
use crate::extract::At;
use crate::flows::actor::By;
use crate::flows::error::Absent;
use crate::flows::v1::{act, load, step};
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Takes a step out of an execution.
#[utoipa::path(
    delete, path = "/v1/workflows/executions/{executionId}/steps/{stepId}", tag = "checklists",
    security(("secret_key" = ["flows:write"])),
    params(
        ("executionId" = String, Path, description = "Which execution"),
        ("stepId" = String, Path, description = "Which step, by its id in the execution"),
    ),
    responses((status = 204, description = "Taken out"))
)]
pub(crate) async fn delete(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At((id, step_id)): At<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let found = load(&state, key.workspace, &id, Absent::NotFound).await?;
    let task = step(&found.people.tasks, &step_id, Absent::NotFound)?.id;
    act(&state, key.workspace, found.execution.id, &key.user, Deed::RemoveItem(task)).await?;
    Ok(StatusCode::NO_CONTENT)
}
