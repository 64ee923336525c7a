//! `GET /v1/workspace`.

use axum::extract::State;
use stepwell_store::workspace;

use super::wire::WorkspaceBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::WorkspaceRead;
use crate::state::ApiState;

/// The workspace of the key.
#[utoipa::path(
    get, path = "/v1/workspace", tag = "workspace", security(("secret_key" = ["workspace:read"])),
    responses((status = 200, description = "The workspace", body = WorkspaceBody))
)]
pub(crate) async fn get(
    State(state): State<ApiState>,
    key: Secret<WorkspaceRead>,
) -> Result<Json<WorkspaceBody>, ApiError> {
    let mut conn = state.store().reader().await?;
    let found = workspace::get(&mut conn, key.workspace).await?;
    let secret = workspace::webhook_secret(&mut conn, key.workspace).await?;
    let (found, secret) = found.zip(secret).ok_or_else(|| ApiError::internal("a key without a workspace"))?;
    Ok(Json(WorkspaceBody::new(found, &secret)))
}
