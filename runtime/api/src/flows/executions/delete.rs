//! `DELETE /v2/flows/executions/{execution_id}`.

use axum::extract::State;
use axum::http::StatusCode;

use super::load;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Query};
use crate::flows::error::Absent;
use crate::flows::refused::refused;
use crate::flows::wire::execution::DeleteFlow;
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Deletes an execution; what it is about stays. Softly, it is kept for audits and found no more.
#[utoipa::path(
    delete, path = "/v2/flows/executions/{execution_id}", tag = "flows", security(("secret_key" = ["flows:write"])),
    params(("execution_id" = String, Path, description = "Which one"), DeleteFlow),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    key: Secret<FlowsWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Query(how): Query<DeleteFlow>,
) -> Result<StatusCode, ApiError> {
    let found = load(&state, key.workspace, &id, Absent::NotFound).await?;
    let deleted = state.engine().delete_flow(key.workspace, found.execution.id, how.soft).await;
    deleted.map_err(|error| refused(error, Absent::NotFound))?;
    Ok(StatusCode::NO_CONTENT)
}
