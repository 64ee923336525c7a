//! `POST /v1/plugins`.

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use utoipa::IntoParams;

use super::wire::PluginBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query, read};
use crate::scope::PluginsWrite;
use crate::state::ApiState;

/// How to install.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// Only check the component and say what it offers and asks for.
    #[serde(default)]
    dry_run: bool,
}

/// The bytes of a component.
pub(crate) struct Component(Vec<u8>);

impl FromRequest<ApiState> for Component {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if given.split(';').next().map(str::trim) != Some("application/wasm") {
            let message = "The body must be a WebAssembly component";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
                .suggest("Send the header Content-Type: application/wasm"));
        }
        read(request, state).await.map(Self)
    }
}

/// Installs a component for the workspace. It is granted nothing; the same component again keeps what it was granted.
#[utoipa::path(
    post, path = "/v1/plugins", tag = "plugins", security(("secret_key" = ["plugins:write"])),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "A component, at most 32 MiB"),
    responses(
        (status = 201, description = "Installed", body = PluginBody),
        (status = 200, description = "Checked and not installed", body = PluginBody),
    )
)]
pub(crate) async fn install(
    State(state): State<ApiState>,
    key: Secret<PluginsWrite>,
    Query(how): Query<How>,
    Component(bytes): Component,
) -> Result<(StatusCode, Json<PluginBody>), ApiError> {
    let _turn = state.gate().enter_install()?;
    if how.dry_run {
        let info = state.plugins().inspect(&bytes).await?;
        return Ok((StatusCode::OK, Json(info.into())));
    }
    let workspace = key.workspace;
    let digest = stepwell_core::Digest(sha256(&bytes));
    let mut known = state.plugins().list(workspace);
    known.retain(|info| info.digest == digest && info.workspace_id == Some(workspace));
    let grants = known.pop().map(|info| info.grants).unwrap_or_default();
    let info = state.engine().install_plugin(Some(workspace), bytes, grants).await?;
    Ok((StatusCode::CREATED, Json(info.into())))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}
