//! `GET /v2/flows/executions/{execution_id}`.

use axum::extract::State;

use super::{load, show};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::error::Absent;
use crate::flows::wire::execution::FlowExecution;
use crate::scope::FlowsRead;
use crate::state::ApiState;

/// Shows an execution of a flow.
#[utoipa::path(
    get, path = "/v2/flows/executions/{execution_id}", tag = "flows", security(("secret_key" = ["flows:read"])),
    params(("execution_id" = String, Path, description = "Which one")),
    responses((status = 200, description = "The execution", body = FlowExecution))
)]
pub(crate) async fn get(
    key: Secret<FlowsRead>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<Json<FlowExecution>, ApiError> {
    let found = load(&state, key.workspace, &id, Absent::NotFound).await?;
    Ok(Json(show::execution(&found)))
}
