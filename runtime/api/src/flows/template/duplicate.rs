//! `POST /v2/flows/templates/{flowId}/duplicate`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use stepwell_core::Given;

use super::{document, draft, store};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::wire::template::FlowTemplate;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Copies a template of a flow. What is in it keeps its ids.
#[utoipa::path(
    post, path = "/v2/flows/templates/{flowId}/duplicate", tag = "flow templates",
    security(("secret_key" = ["flow-templates:write"])),
    params(("flowId" = String, Path, description = "The template")),
    responses((status = 201, description = "The copy", body = FlowTemplate))
)]
pub(crate) async fn duplicate(
    State(state): State<ApiState>,
    key: Secret<FlowTemplatesWrite>,
    At(id): At<String>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut copy = store::load(&mut state.store().reader().await?, key.workspace, &id).await?.document;
    let name = format!("{} (copy)", copy["name"].as_str().unwrap_or_default());
    if let Some(members) = copy.as_object_mut() {
        members.insert("name".to_owned(), Value::String(name));
    }
    let (id, stamp) = (state.new_id(), state.engine().stamp());
    let graph = draft::graph(id, document::read(&copy)?, &Given::new(stamp.now, stamp.ids.as_ref()))?;
    let head = store::head(id, key.workspace, &copy, stamp.now);
    let made = store::insert(&state, head, graph, copy).await?;
    Ok((StatusCode::CREATED, Json(document::shown(&made.definition, made.document))))
}
