//! `GET /v2/flows/templates/{flowId}`.

use axum::extract::State;
use serde_json::Value;

use super::{document, store};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::wire::template::FlowTemplate;
use crate::scope::FlowTemplatesRead;
use crate::state::ApiState;

/// A template of a flow.
#[utoipa::path(
    get, path = "/v2/flows/templates/{flowId}", tag = "flow templates",
    security(("secret_key" = ["flow-templates:read"])),
    params(("flowId" = String, Path, description = "The template")),
    responses((status = 200, description = "The template", body = FlowTemplate))
)]
pub(crate) async fn get(
    State(state): State<ApiState>,
    key: Secret<FlowTemplatesRead>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    let found = store::load(&mut state.store().reader().await?, key.workspace, &id).await?;
    Ok(Json(document::shown(&found.definition, found.document)))
}
