//! `POST /v2/flows/executions/{execution_id}/tasks/{task_id}/execute`.

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

/// Does a current task as if its time had come: a manual one is completed, an automation or agent started, a decision evaluated. No
/// body is read.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/execute", tag = "flows",
    security(("secret_key" = ["flows:write"])),
    params(
        ("execution_id" = String, Path, description = "Of which execution"),
        ("task_id" = String, Path, description = "Which task, by its id in the execution"),
    ),
    responses(
        (status = 200, description = "The task as it is now", body = Task),
        (status = 400, description = "It is not there, done, disabled or not a current one", body = ErrorResp)
    )
)]
pub(crate) async fn execute(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(ids): At<(String, String)>,
) -> Result<Json<Task>, ApiError> {
    let (loaded, task) = find(&state, key.workspace, &ids, Absent::BadRequest).await?;
    let does = Deed::Execute(task.id);
    let acted = executions::act(&state, loaded, &key.user, does).await?;
    shown(&acted, task.id)
}
