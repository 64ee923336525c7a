//! `GET /v2/flows/templates`.

use axum::extract::State;
use stepwell_core::DefinitionKind;
use stepwell_store::definition::DrawnQuery;

use super::find::{TriggerFilter, find};
use super::store::MAX_DEFINITIONS;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::flows::wire::template_search::{FlowTemplatesList, ListTemplates};
use crate::scope::FlowTemplatesRead;
use crate::state::ApiState;

/// Lists templates of flows, those that changed last first.
#[utoipa::path(
    get, path = "/v2/flows/templates", tag = "flow templates", security(("secret_key" = ["flow-templates:read"])),
    params(ListTemplates),
    responses((status = 200, description = "The templates", body = FlowTemplatesList))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    key: Secret<FlowTemplatesRead>,
    Query(wanted): Query<ListTemplates>,
) -> Result<Json<FlowTemplatesList>, ApiError> {
    let ListTemplates { trigger_type, trigger_source_id, trigger_schema } = wanted;
    let triggers = TriggerFilter { kind: trigger_type, source: trigger_source_id, schema: trigger_schema };
    let query = DrawnQuery::of(DefinitionKind::Flow, MAX_DEFINITIONS);
    let found = find(&mut state.store().reader().await?, key.workspace, query, &triggers).await?;
    Ok(Json(FlowTemplatesList { results: found.results }))
}
