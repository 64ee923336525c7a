//! `GET /v1/workflows/executions/{executionId}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use stepwell_core::flow::People;

use super::find;
use super::show::{self, Detail, Shown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::wire::v1::WorkflowExecution;
use crate::scope::FlowsRead;
use crate::state::ApiState;

/// Shows an execution. An unknown one is answered without a body.
#[utoipa::path(
    get, path = "/v1/workflows/executions/{executionId}", tag = "checklists", security(("secret_key" = ["flows:read"])),
    params(("executionId" = String, Path, description = "Which one")),
    responses((status = 200, description = "The execution; nothing if there is none", body = WorkflowExecution))
)]
pub(crate) async fn get(
    key: Secret<FlowsRead>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<Response, ApiError> {
    let found = find(&mut state.store().reader().await?, key.workspace, &id).await?;
    let Some(found) = found else { return Ok(StatusCode::OK.into_response()) };
    let People { flow, tasks, .. } = &found.people;
    let of = Shown { flow, tasks, graph: &found.graph, version: found.execution.row_version };
    Ok(Json(show::execution(&of, Detail::Full)).into_response())
}
