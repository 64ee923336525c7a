//! `GET /v1/workflows/closing-reasons`.

use axum::extract::State;
use stepwell_store::closing_reason;

use super::MAX_REASONS;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::flows::wire::reason::{ClosingReasons, ListReasons};
use crate::scope::FlowTemplatesRead;
use crate::state::ApiState;

/// Lists the closing reasons of the workspace, oldest first: those that can be chosen, or all.
#[utoipa::path(
    get, path = "/v1/workflows/closing-reasons", tag = "closing reasons",
    security(("secret_key" = ["flow-templates:read"])), params(ListReasons),
    responses((status = 200, description = "The reasons", body = ClosingReasons))
)]
pub(crate) async fn list(
    key: Secret<FlowTemplatesRead>,
    State(state): State<ApiState>,
    Query(wanted): Query<ListReasons>,
) -> Result<Json<ClosingReasons>, ApiError> {
    let mut conn = state.store().reader().await?;
    let found = closing_reason::list(&mut conn, key.workspace, wanted.include_inactive, MAX_REASONS.into()).await?;
    Ok(Json(ClosingReasons { reasons: found.into_iter().map(Into::into).collect() }))
}
