//! `DELETE /v1/connections/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::ConnectionId;
use stepwell_store::{StoreError, connection};

use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::At;
use crate::scope::ConnectionsWrite;
use crate::state::ApiState;

/// Deletes a stored credential. Steps that use it fail from then on.
#[utoipa::path(
    delete, path = "/v1/connections/{id}", tag = "workspace", security(("secret_key" = ["connections:write"])),
    params(("id" = Uuid, Path, description = "The credential's id")),
    responses((status = 204, description = "Deleted"))
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    key: Secret<ConnectionsWrite>,
    At(id): At<ConnectionId>,
) -> Result<StatusCode, ApiError> {
    let workspace = key.workspace;
    let gone = state
        .store()
        .write::<_, StoreError, _>(move |conn| Box::pin(async move { connection::delete(conn, workspace, id).await }))
        .await?;
    if gone {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::not_found("RESOURCE_NOT_FOUND", "Connection not found"))
}
