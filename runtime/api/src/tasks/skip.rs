//! `POST /v1/tasks/{id}/skip`.

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

/// Why it is left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkipTask {
    /// In words.
    #[schema(max_length = 1_000, example = "Not needed for this customer")]
    reason: Option<String>,
}

/// Leaves a task out: what it belongs to goes on. A step that is no task of a flow is told `{"skipped": true, "reason": …}`.
#[utoipa::path(
    post, path = "/v1/tasks/{id}/skip", tag = "tasks", security(("secret_key" = ["tasks:write"])),
    params(("id" = Uuid, Path, description = "The task")),
    responses(
        (status = 200, description = "The task as it is now", body = TaskBody),
        (status = 409, description = "It is not to be done any more; `error.details.task` shows it", body = ErrorBody),
    )
)]
pub(crate) async fn skip(
    by: By<TasksWrite>,
    State(state): State<ApiState>,
    At(id): At<TaskId>,
    Json(wanted): Json<SkipTask>,
) -> Result<Json<TaskBody>, ApiError> {
    let deed = TaskDeed::Skip { reason: wanted.reason };
    match state.engine().act_on_task(by.workspace, id, &by.user, deed).await {
        Ok(task) => Ok(Json(task.into())),
        Err(error) => Err(refused(&state, by.workspace, id, error).await),
    }
}
