//! `GET /v1/plugins`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::PluginBody;
use crate::auth::Secret;
use crate::extract::Json;
use crate::scope::PluginsRead;
use crate::state::ApiState;

/// Plugins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginList {
    data: Vec<PluginBody>,
}

/// Lists the plugins that the workspace can use: its own and those of all.
#[utoipa::path(
    get, path = "/v1/plugins", tag = "plugins", security(("secret_key" = ["plugins:read"])),
    responses((status = 200, description = "The plugins", body = PluginList))
)]
pub(crate) async fn list(State(state): State<ApiState>, key: Secret<PluginsRead>) -> Json<PluginList> {
    let data = state.plugins().list(key.workspace).into_iter().map(Into::into).collect();
    Json(PluginList { data })
}
