//! `POST /v1/tasks/{id}/comment`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stepwell_core::TaskId;
use utoipa::ToSchema;

use super::refused::refused;
use super::wire::CommentBody;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::scope::TasksWrite;
use crate::state::ApiState;

/// What is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommentOnTask {
    #[schema(min_length = 1, max_length = 10_000, pattern = r"\S", example = "They ask for a call after six")]
    text: String,
}

/// Says something about a task, whether or not it is done.
#[utoipa::path(
    post, path = "/v1/tasks/{id}/comment", tag = "tasks", security(("secret_key" = ["tasks:write"])),
    params(("id" = Uuid, Path, description = "The task")),
    responses(
        (status = 201, description = "The comment", body = CommentBody),
        (status = 409, description = "The task has as many comments as it may", body = ErrorBody),
    )
)]
pub(crate) async fn comment(
    by: By<TasksWrite>,
    State(state): State<ApiState>,
    At(id): At<TaskId>,
    Json(wanted): Json<CommentOnTask>,
) -> Result<(StatusCode, Json<CommentBody>), ApiError> {
    match state.engine().comment(by.workspace, id, &by.user, wanted.text).await {
        Ok(comment) => Ok((StatusCode::CREATED, Json(comment.into()))),
        Err(error) => Err(refused(&state, by.workspace, id, error).await),
    }
}
