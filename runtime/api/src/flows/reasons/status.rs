//! `PATCH /v1/workflows/closing-reasons/{reasonId}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_store::closing_reason::ReasonChange;

use super::{known, unknown, update};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::flows::body::Body;
use crate::flows::error::Absent;
use crate::flows::wire::reason::ChangeReasonStatusReq;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Says whether a closing reason can be chosen from now on. An unknown one is a bad request.
#[utoipa::path(
    patch, path = "/v1/workflows/closing-reasons/{reasonId}", tag = "closing reasons",
    security(("secret_key" = ["flow-templates:write"])),
    params(("reasonId" = String, Path, description = "Which one")), request_body = ChangeReasonStatusReq,
    responses((status = 202, description = "Changed"))
)]
pub(crate) async fn change(
    key: Secret<FlowTemplatesWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Body(wanted): Body<ChangeReasonStatusReq>,
) -> Result<StatusCode, ApiError> {
    let id = known(Absent::BadRequest, id)?;
    let change = ReasonChange { active: Some(wanted.status.is_active()), ..ReasonChange::default() };
    let changed = update::store(&state, key.workspace, &id, change).await?;
    changed.map(|_| StatusCode::ACCEPTED).ok_or_else(|| unknown(Absent::BadRequest, &id))
}
