//! `DELETE /v1/workflows/definitions/{definitionId}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::{DefinitionId, DefinitionKind, Timestamp, WorkspaceId};
use stepwell_store::{Conn, StoreError, definition};

use super::{known, unknown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::flows::error::Absent;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Deletes a definition. Its executions go on.
#[utoipa::path(
    delete, path = "/v1/workflows/definitions/{definitionId}", tag = "checklist definitions",
    security(("secret_key" = ["flow-templates:write"])),
    params(("definitionId" = String, Path, description = "Which one")),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    key: Secret<FlowTemplatesWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    let wanted = known(Absent::NotFound, &id)?;
    let (workspace, now) = (key.workspace, state.now());
    let deleted = state.store().write_for::<_, StoreError, _>(workspace, move |conn| {
        Box::pin(async move { hide(conn, workspace, wanted, now).await })
    });
    if deleted.await? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(Absent::NotFound, &id)) }
}

async fn hide(conn: &mut Conn, workspace: WorkspaceId, id: DefinitionId, now: Timestamp) -> Result<bool, StoreError> {
    let found = definition::get(conn, workspace, id).await?;
    if found.is_none_or(|head| head.kind != DefinitionKind::Checklist) {
        return Ok(false);
    }
    definition::set_deleted(conn, workspace, id, now).await
}
