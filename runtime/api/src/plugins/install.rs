//! `POST /v1/plugins`.

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell_core::Grant;
use utoipa::IntoParams;

use super::grant::Grants;
use super::wire::PluginBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query, from_value, read};
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
    /// What it may use, as JSON: a list of grants as `PUT /v1/plugins/{digest}/grants` takes it.
    #[param(max_length = 4_000, example = r#"[{"import":"wasi:http/outgoing-handler","scope":["api.example.org"]}]"#)]
    grants: Option<String>,
}

impl How {
    fn grants(&self) -> Result<Option<Vec<Grant>>, ApiError> {
        let Some(text) = &self.grants else { return Ok(None) };
        let given: Value = serde_json::from_str(text)
            .map_err(|error| ApiError::field("grants", "invalid_string", format!("is not valid JSON: {error}")))?;
        let Grants { grants } = from_value(json!({ "grants": given }))?;
        Ok(Some(grants.into_iter().map(Into::into).collect()))
    }
}

/// The bytes of a component.
pub(crate) struct Component(Vec<u8>);

impl FromRequest<ApiState> for Component {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !matches!(given.trim(), "application/wasm" | "application/octet-stream") {
            let message = "The body must be a WebAssembly component";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
                .suggest("Send the header Content-Type: application/wasm"));
        }
        read(request, state).await.map(Self)
    }
}

/// Installs a component for the workspace. Whatever it imports has to be granted; the same component again keeps what it was
/// granted unless something is given.
#[utoipa::path(
    post, path = "/v1/plugins", tag = "plugins", security(("secret_key" = ["plugins:write"])),
    params(How),
    request_body(
        content((Vec<u8> = "application/wasm"), (Vec<u8> = "application/octet-stream")),
        description = "A component, at most 32 MiB",
    ),
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
    let given = how.grants()?;
    let _turn = state.gate().enter_install()?;
    if how.dry_run {
        let info = state.plugins().inspect(&bytes).await?;
        return Ok((StatusCode::OK, Json(info.into())));
    }
    let workspace = key.workspace;
    let digest = stepwell_core::Digest(sha256(&bytes));
    let mut known = state.plugins().list(workspace);
    known.retain(|info| info.digest == digest && info.workspace_id == Some(workspace));
    let grants = given.or_else(|| known.pop().map(|info| info.grants)).unwrap_or_default();
    let info = state.engine().install_plugin(Some(workspace), bytes, grants).await?;
    Ok((StatusCode::CREATED, Json(info.into())))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}
