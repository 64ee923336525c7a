//! `POST /v1/tasks/{id}/assign`.

use axum::extract::State;
use serde::Deserialize;
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
use crate::wire::PersonId;

/// Who is to do it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignTask {
    /// In place of those who were to do it until now; nobody if it is empty.
    #[schema(max_items = 100)]
    assignees: Vec<PersonId>,
}

/// Gives a task to others.
#[utoipa::path(
    post, path = "/v1/tasks/{id}/assign", tag = "tasks", security(("secret_key" = ["tasks:write"])),
    params(("id" = Uuid, Path, description = "The task")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskBody),
        (status = 409, description = "It is not to be done any more; `error.details.task` shows it", body = ErrorBody),
    )
)]
pub(crate) async fn assign(
    by: By<TasksWrite>,
    State(state): State<ApiState>,
    At(id): At<TaskId>,
    Json(wanted): Json<AssignTask>,
) -> Result<Json<TaskBody>, ApiError> {
    let deed = TaskDeed::Assign(wanted.assignees.into_iter().map(Into::into).collect());
    match state.engine().act_on_task(by.workspace, id, &by.user, deed).await {
        Ok(task) => Ok(Json(task.into())),
        Err(error) => Err(refused(&state, by.workspace, id, error).await),
    }
}
