//! `GET /v1/workflows/executions/{executionId}/closing-reasons`.

use axum::extract::State;

use super::{find, show};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::wire::v1_search::ClosingReasonResp;
use crate::scope::FlowsRead;
use crate::state::ApiState;

/// Lists the closing reasons of an execution, as they were when it started. Of an unknown one there are none.
#[utoipa::path(
    get, path = "/v1/workflows/executions/{executionId}/closing-reasons", tag = "checklists",
    security(("secret_key" = ["flows:read"])), params(("executionId" = String, Path, description = "Which execution")),
    responses((status = 200, description = "The reasons", body = ClosingReasonResp))
)]
pub(crate) async fn reasons(
    key: Secret<FlowsRead>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<Json<ClosingReasonResp>, ApiError> {
    let found = find(&mut state.store().reader().await?, key.workspace, &id).await?;
    let reasons =
        found.map(|found| show::reasons(found.people.flow.data.closing.configured.as_deref()).unwrap_or_default());
    Ok(Json(ClosingReasonResp { reasons }))
}
