//! `GET /v1/plugins/{digest}`.

use axum::extract::State;

use super::wire::{PluginBody, find};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::PluginsRead;
use crate::state::ApiState;

/// One plugin.
#[utoipa::path(
    get, path = "/v1/plugins/{digest}", tag = "plugins", security(("secret_key" = ["plugins:read"])),
    params(("digest" = String, Path, description = "The SHA-256 of the component, in hex", pattern = "^[0-9a-f]{64}$")),
    responses((status = 200, description = "The plugin", body = PluginBody))
)]
pub(crate) async fn get(
    State(state): State<ApiState>,
    key: Secret<PluginsRead>,
    At(digest): At<String>,
) -> Result<Json<PluginBody>, ApiError> {
    Ok(Json(find(&state, key.workspace, &digest)?.into()))
}
