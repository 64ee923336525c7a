//! `POST /v1/tasks/{id}/complete`.

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use stepwell_core::TaskId;
use stepwell_engine::TaskDeed;
use utoipa::ToSchema;

use super::refused::refused;
use super::wire::TaskBody;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::scope::TasksWrite;
use crate::state::ApiState;
use crate::wire::JsonObject;

/// What was done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteTask {
    /// What was entered: the output of the step.
    output: Option<JsonObject>,
    /// Where to go on: the condition of a decision, or a branch of the step.
    #[schema(min_length = 1, max_length = 255, example = "approved")]
    branch: Option<String>,
}

/// Completes a task: what it belongs to goes on. Of two people who do it at once one is answered with 409 and sees the outcome.
///
/// Who it was is the user in `x-stepwell-user`, if there is one, else the key.
#[utoipa::path(
    post, path = "/v1/tasks/{id}/complete", tag = "tasks", security(("secret_key" = ["tasks:write"])),
    params(("id" = Uuid, Path, description = "The task")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskBody),
        (status = 409, description = "It is not to be done any more; `error.details.task` shows it", body = ErrorBody),
    )
)]
pub(crate) async fn complete(
    by: By<TasksWrite>,
    State(state): State<ApiState>,
    At(id): At<TaskId>,
    Json(wanted): Json<CompleteTask>,
) -> Result<Json<TaskBody>, ApiError> {
    let output = wanted.output.map_or(Value::Null, |JsonObject(members)| Value::Object(members));
    let deed = TaskDeed::Complete { output, branch: wanted.branch };
    match state.engine().act_on_task(by.workspace, id, &by.user, deed).await {
        Ok(task) => Ok(Json(task.into())),
        Err(error) => Err(refused(&state, by.workspace, id, error).await),
    }
}
