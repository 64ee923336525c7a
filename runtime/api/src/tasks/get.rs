//! `GET /v1/tasks/{id}`.

use axum::extract::State;
use stepwell_core::TaskId;
use stepwell_store::task;

use super::wire::TaskDetail;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::TasksRead;
use crate::state::ApiState;

/// The most comments that are shown; a task has no more.
const COMMENTS: i64 = 1_000;

/// Shows a task, whether it is to be done, was done or is to come, with what was said about it.
#[utoipa::path(
    get, path = "/v1/tasks/{id}", tag = "tasks", security(("secret_key" = ["tasks:read"])),
    params(("id" = Uuid, Path, description = "The task")),
    responses((status = 200, description = "The task", body = TaskDetail))
)]
pub(crate) async fn get(
    key: Secret<TasksRead>,
    State(state): State<ApiState>,
    At(id): At<TaskId>,
) -> Result<Json<TaskDetail>, ApiError> {
    let mut conn = state.store().reader().await?;
    let found = task::find(&mut conn, key.workspace, id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("RESOURCE_NOT_FOUND", "Task not found"))?;
    let comments = task::comments(&mut conn, key.workspace, found.task.execution_id, id, COMMENTS).await?;
    let comments = comments.into_iter().map(Into::into).collect();
    Ok(Json(TaskDetail { task: found.into(), comments }))
}
