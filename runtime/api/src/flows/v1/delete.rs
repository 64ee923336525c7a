//! `DELETE /v1/workflows/executions/{executionId}`.

use axum::extract::State;
use axum::http::StatusCode;

use super::{load, refused};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::flows::error::Absent;
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Deletes an execution. What it is about stays.
#[utoipa::path(
    delete, path = "/v1/workflows/executions/{executionId}", tag = "checklists",
    security(("secret_key" = ["flows:write"])), params(("executionId" = String, Path, description = "Which one")),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    key: Secret<FlowsWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    let found = load(&state, key.workspace, &id, Absent::NotFound).await?;
    state.engine().delete_flow(key.workspace, found.execution.id, false).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}
