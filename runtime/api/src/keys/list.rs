//! `GET /v1/keys`.

use axum::extract::State;
use serde::Serialize;
use stepwell_store::key;
use utoipa::ToSchema;

use super::wire::KeyBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::KeysRead;
use crate::state::ApiState;

/// The keys of a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// Newest first, revoked ones too.
    data: Vec<KeyBody>,
}

/// Lists keys.
#[utoipa::path(
    get, path = "/v1/keys", tag = "workspace", security(("secret_key" = ["keys:read"])),
    responses((status = 200, description = "The keys", body = KeyList))
)]
pub(crate) async fn list(State(state): State<ApiState>, access: Secret<KeysRead>) -> Result<Json<KeyList>, ApiError> {
    let mut conn = state.store().reader().await?;
    let keys = key::list(&mut conn, access.workspace).await?;
    Ok(Json(KeyList { data: keys.into_iter().map(Into::into).collect() }))
}
