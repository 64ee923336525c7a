//! `DELETE …/tasks/{task_id}/schedule`, `POST …/tasks/{task_id}/schedule/run-now`, and the deprecated
//! `POST …/schedules/{schedule_id}`.

use axum::extract::State;
use axum::http::StatusCode;
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

/// Cancels the schedule of a task: the task is skipped, and the flow moves on.
#[utoipa::path(
    delete, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/schedule", tag = "flows",
    security(("secret_key" = ["flows:write"])),
    params(
        ("execution_id" = String, Path, description = "Of which execution"),
        ("task_id" = String, Path, description = "Which task, by its id in the execution"),
    ),
    responses(
        (status = 204, description = "Cancelled"),
        (status = 400, description = "It is not scheduled", body = ErrorResp)
    )
)]
pub(crate) async fn cancel(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(ids): At<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (loaded, task) = find(&state, key.workspace, &ids, Absent::NotFound).await?;
    let does = Deed::CancelSchedule(task.id);
    executions::act(&state, loaded, &key.user, does).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a task whose schedule is armed begin now. No body is read.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/schedule/run-now", tag = "flows",
    security(("secret_key" = ["flows:write"])),
    params(
        ("execution_id" = String, Path, description = "Of which execution"),
        ("task_id" = String, Path, description = "Which task, by its id in the execution"),
    ),
    responses(
        (status = 200, description = "The task as it is now", body = Task),
        (status = 400, description = "It is not scheduled, or disabled", body = ErrorResp)
    )
)]
pub(crate) async fn run_now(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(ids): At<(String, String)>,
) -> Result<Json<Task>, ApiError> {
    let (loaded, task) = find(&state, key.workspace, &ids, Absent::NotFound).await?;
    let does = Deed::RunScheduleNow(task.id);
    let acted = executions::act(&state, loaded, &key.user, does).await?;
    shown(&acted, task.id)
}

/// Cancels an armed schedule by its own id: its task is skipped, and the flow moves on. No body is read.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/schedules/{schedule_id}", tag = "flows",
    security(("secret_key" = ["flows:write"])),
    params(
        ("execution_id" = String, Path, description = "Of which execution"),
        ("schedule_id" = String, Path, description = "Which schedule, as its task shows it"),
    ),
    responses(
        (status = 204, description = "Cancelled"),
        (status = 400, description = "It is not scheduled", body = ErrorResp)
    )
)]
#[deprecated = "of the contract: cancel by the task"]
pub(crate) async fn cancel_by_id(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At((execution, schedule)): At<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let loaded = executions::load(&state, key.workspace, &execution, Absent::NotFound).await?;
    let armed = loaded.people.tasks.iter().find(|task| {
        let armed = task.data.armed.as_ref().and_then(|armed| armed.id.as_deref());
        armed == Some(schedule.as_str())
    });
    let task = armed.ok_or_else(|| Absent::NotFound.error("schedule", &schedule))?.id;
    let does = Deed::CancelSchedule(task);
    executions::act(&state, loaded, &key.user, does).await?;
    Ok(StatusCode::NO_CONTENT)
}
