//! `DELETE /v1/plugins/{digest}`.

use axum::extract::State;
use axum::http::StatusCode;

use super::wire::{find_own, not_found};
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::At;
use crate::scope::PluginsWrite;
use crate::state::ApiState;

/// Removes a plugin of the workspace. Its step types are gone for new steps; executions that use it fail after a restart.
#[utoipa::path(
    delete, path = "/v1/plugins/{digest}", tag = "plugins", security(("secret_key" = ["plugins:write"])),
    params(("digest" = String, Path, description = "The SHA-256 of the component, in hex", pattern = "^[0-9a-f]{64}$")),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, description = "The plugin belongs to all workspaces", body = ErrorBody),
    )
)]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    key: Secret<PluginsWrite>,
    At(digest): At<String>,
) -> Result<StatusCode, ApiError> {
    let info = find_own(&state, key.workspace, &digest)?;
    if state.engine().remove_plugin(Some(key.workspace), info.digest).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(not_found())
}
