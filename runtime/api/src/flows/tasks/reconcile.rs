//! `POST /v2/flows/executions/{execution_id}/tasks/{task_id}/reconcile-automation`.

use axum::extract::State;
use stepwell_core::flow::TaskKind;

use super::find;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::flows::error::Absent;
use crate::flows::executions::show;
use crate::flows::refused::refused;
use crate::flows::wire::common::ErrorResp;
use crate::flows::wire::execution::FlowExecution;
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Takes over what became of a task's automation, if it has ended and the task has not; the flow moves on if the task is current. No
/// body is read.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/reconcile-automation", tag = "flows",
    security(("secret_key" = ["flows:write"])),
    params(
        ("execution_id" = String, Path, description = "Of which execution"),
        ("task_id" = String, Path, description = "Which task, by its id in the execution"),
    ),
    responses(
        (status = 200, description = "The execution as it is now", body = FlowExecution),
        (status = 400, description = "The task is no automation", body = ErrorResp)
    )
)]
pub(crate) async fn reconcile(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(ids): At<(String, String)>,
) -> Result<Json<FlowExecution>, ApiError> {
    let (loaded, task) = find(&state, key.workspace, &ids, Absent::NotFound).await?;
    if task.kind != TaskKind::Automation {
        return Err(ApiError::bad_request("the task is no automation"));
    }
    let reconciled = state.engine().reconcile(key.workspace, loaded.execution.id, task.id, key.user.clone());
    let acted = reconciled.await.map_err(|error| refused(error, Absent::NotFound))?;
    Ok(Json(show::execution(&acted)))
}
