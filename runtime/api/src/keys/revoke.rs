//! `DELETE /v1/keys/{id}`.

use axum::extract::State;
use stepwell_core::ApiKeyId;
use stepwell_store::{StoreError, key};

use super::wire::KeyBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::KeysWrite;
use crate::state::ApiState;

/// Revokes a key for good. From the answer on this server refuses it; others follow within a second.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "workspace", security(("secret_key" = ["keys:write"])),
    params(("id" = Uuid, Path, description = "The key's id")),
    responses((status = 200, description = "Revoked", body = KeyBody))
)]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    access: Secret<KeysWrite>,
    At(id): At<ApiKeyId>,
) -> Result<Json<KeyBody>, ApiError> {
    let (workspace, now) = (access.workspace, state.now());
    let revoked = state
        .store()
        .write::<_, StoreError, _>(move |conn| Box::pin(async move { key::revoke(conn, workspace, id, now).await }))
        .await?;
    state.keys().forget();
    Ok(Json(revoked.ok_or_else(|| ApiError::not_found("RESOURCE_NOT_FOUND", "Key not found"))?.into()))
}
