//! `PUT /v1/plugins/{digest}/grants`.

use axum::extract::State;
use serde::Deserialize;
use stepwell_core::{Grant, PluginInfo};
use utoipa::ToSchema;

use super::wire::{GrantBody, PluginBody, find_own, not_found};
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::PluginsWrite;
use crate::state::ApiState;

/// What a plugin may use from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grants {
    /// In place of all that was granted before.
    #[schema(max_items = 50)]
    pub(super) grants: Vec<GrantBody>,
}

/// Replaces what a plugin of the workspace may use.
#[utoipa::path(
    put, path = "/v1/plugins/{digest}/grants", tag = "plugins", security(("secret_key" = ["plugins:write"])),
    params(("digest" = String, Path, description = "The SHA-256 of the component, in hex", pattern = "^[0-9a-f]{64}$")),
    responses(
        (status = 200, description = "The plugin as it is now", body = PluginBody),
        (status = 409, description = "The plugin belongs to all workspaces", body = ErrorBody),
    )
)]
pub(crate) async fn grant(
    State(state): State<ApiState>,
    key: Secret<PluginsWrite>,
    At(digest): At<String>,
    Json(wanted): Json<Grants>,
) -> Result<Json<PluginBody>, ApiError> {
    let info = find_own(&state, key.workspace, &digest)?;
    let grants = checked(&info, wanted)?;
    let _turn = state.gate().enter_install()?;
    let changed = state.engine().grant_plugin(Some(key.workspace), info.digest, grants).await?;
    Ok(Json(changed.ok_or_else(not_found)?.into()))
}

fn checked(info: &PluginInfo, wanted: Grants) -> Result<Vec<Grant>, ApiError> {
    let mut grants: Vec<Grant> = Vec::new();
    for (index, grant) in wanted.grants.into_iter().map(Grant::from).enumerate() {
        let field = format!("grants.{index}.import");
        if !info.imports.contains(&grant.import) {
            return Err(ApiError::field(field, "unknown_import", "the plugin does not ask for it"));
        }
        if grants.iter().any(|other| other.import == grant.import) {
            return Err(ApiError::field(field, "duplicate", "is granted twice"));
        }
        grants.push(grant);
    }
    Ok(grants)
}
