//! `PATCH /v2/workflows/closing-reasons/{reasonId}`.

use axum::extract::State;
use stepwell_core::WorkspaceId;
use stepwell_store::StoreError;
use stepwell_store::closing_reason::{self, ClosingReason, ReasonChange};

use super::{known, unknown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::body::Body;
use crate::flows::error::Absent;
use crate::flows::wire::reason::{CatalogueReason, ClosingReasonsStatus, WriteReason};
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Changes a closing reason. Executions keep the title that it had when they started.
#[utoipa::path(
    patch, path = "/v2/workflows/closing-reasons/{reasonId}", tag = "closing reasons",
    security(("secret_key" = ["flow-templates:write"])),
    params(("reasonId" = String, Path, description = "Which one")), request_body = WriteReason,
    responses((status = 200, description = "The reason as it is now", body = CatalogueReason))
)]
pub(crate) async fn update(
    key: Secret<FlowTemplatesWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Body(wanted): Body<WriteReason>,
) -> Result<Json<CatalogueReason>, ApiError> {
    let id = known(Absent::NotFound, id)?;
    let change = ReasonChange { title: wanted.title, active: wanted.status.map(ClosingReasonsStatus::is_active) };
    let changed = store(&state, key.workspace, &id, change).await?;
    changed.map(|reason| Json(reason.into())).ok_or_else(|| unknown(Absent::NotFound, &id))
}

/// Stores a change; none if there is no reason of this id.
pub(super) async fn store(
    state: &ApiState,
    workspace: WorkspaceId,
    id: &str,
    change: ReasonChange,
) -> Result<Option<ClosingReason>, StoreError> {
    let (id, now) = (id.to_owned(), state.now());
    let written = state.store().write_for(workspace, move |conn| {
        Box::pin(async move { closing_reason::update(conn, workspace, &id, &change, now).await })
    });
    written.await
}
