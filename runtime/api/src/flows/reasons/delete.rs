//! `DELETE /v2/workflows/closing-reasons/{reasonId}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_store::{StoreError, closing_reason};

use super::{known, unknown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::flows::error::Absent;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Deletes a closing reason. Executions keep it; definitions that name it start without it.
#[utoipa::path(
    delete, path = "/v2/workflows/closing-reasons/{reasonId}", tag = "closing reasons",
    security(("secret_key" = ["flow-templates:write"])),
    params(("reasonId" = String, Path, description = "Which one")),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    key: Secret<FlowTemplatesWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    let id = known(Absent::NotFound, id)?;
    let (workspace, wanted) = (key.workspace, id.clone());
    let deleted = state.store().write_for::<_, StoreError, _>(workspace, move |conn| {
        Box::pin(async move { closing_reason::delete(conn, workspace, &wanted).await })
    });
    if deleted.await? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(Absent::NotFound, &id)) }
}
