//! `POST /v2/flows/executions/{execution_id}/tasks/{task_id}/automation:run`.

use axum::extract::State;
use stepwell_core::flow::Deed;

use super::{find, shown};
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::flows::error::Absent;
use crate::flows::executions;
use crate::flows::wire::common::ErrorResp;
use crate::flows::wire::task::Task;
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Starts the automation of a current task, whoever was to begin it; one that runs is not started again. No body is read.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/automation:run", tag = "flows",
    security(("secret_key" = ["flows:write"])),
    params(
        ("execution_id" = String, Path, description = "Of which execution"),
        ("task_id" = String, Path, description = "Which task, by its id in the execution"),
    ),
    responses(
        (status = 200, description = "The task as it is now", body = Task),
        (status = 400, description = "It is not there, no automation, done, disabled or not a current one", body = ErrorResp)
    )
)]
pub(crate) async fn run(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(ids): At<(String, String)>,
) -> Result<Json<Task>, ApiError> {
    let (loaded, task) = find(&state, key.workspace, &ids, Absent::BadRequest).await?;
    let does = Deed::RunAutomation(task.id);
    let acted = executions::act(&state, loaded, &key.user, does).await?;
    shown(&acted, task.id)
}
