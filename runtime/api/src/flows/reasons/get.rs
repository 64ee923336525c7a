//! `GET /v2/workflows/closing-reasons/{reasonId}`, and the same in the first version.

use axum::extract::State;
use stepwell_store::closing_reason;

use super::{known, unknown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::error::Absent;
use crate::flows::wire::reason::CatalogueReason;
use crate::scope::FlowTemplatesRead;
use crate::state::ApiState;

/// Shows a closing reason.
#[utoipa::path(
    get, path = "/v2/workflows/closing-reasons/{reasonId}", tag = "closing reasons",
    security(("secret_key" = ["flow-templates:read"])),
    params(("reasonId" = String, Path, description = "Which one")),
    responses((status = 200, description = "The reason", body = CatalogueReason))
)]
pub(crate) async fn get(
    key: Secret<FlowTemplatesRead>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<Json<CatalogueReason>, ApiError> {
    let id = known(Absent::NotFound, id)?;
    let found = closing_reason::get(&mut state.store().reader().await?, key.workspace, &id).await?;
    found.map(|reason| Json(reason.into())).ok_or_else(|| unknown(Absent::NotFound, &id))
}

/// Shows a closing reason (first version).
#[utoipa::path(
    get, path = "/v1/workflows/closing-reasons/{reasonId}", tag = "closing reasons",
    security(("secret_key" = ["flow-templates:read"])),
    params(("reasonId" = String, Path, description = "Which one")),
    responses((status = 200, description = "The reason", body = CatalogueReason))
)]
pub(crate) async fn get_first(
    key: Secret<FlowTemplatesRead>,
    state: State<ApiState>,
    id: At<String>,
) -> Result<Json<CatalogueReason>, ApiError> {
    get(key, state, id).await
}
