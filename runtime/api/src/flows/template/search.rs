//! `POST /v2/flows/templates:search`.

use axum::extract::State;
use stepwell_core::DefinitionKind;
use stepwell_store::Direction;
use stepwell_store::definition::{DrawnQuery, DrawnSort};

use super::find::{TriggerFilter, find};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::body::Body;
use crate::flows::ids;
use crate::flows::wire::template_search::{FoundTemplates, SearchFlowTemplates, SortBy, SortOrder};
use crate::scope::FlowTemplatesRead;
use crate::state::ApiState;

/// How many templates are answered where it is not said.
const USUAL: u32 = 25;

/// Searches templates of flows.
#[utoipa::path(
    post, path = "/v2/flows/templates:search", tag = "flow templates",
    security(("secret_key" = ["flow-templates:read"])),
    request_body = SearchFlowTemplates,
    responses((status = 200, description = "The templates", body = FoundTemplates))
)]
pub(crate) async fn search(
    State(state): State<ApiState>,
    key: Secret<FlowTemplatesRead>,
    Body(wanted): Body<SearchFlowTemplates>,
) -> Result<Json<FoundTemplates>, ApiError> {
    let id = wanted.definition_id.as_deref().map(ids::parse);
    if id == Some(None) {
        // What is no id names nothing.
        return Ok(Json(FoundTemplates { hits: 0, results: Vec::new() }));
    }
    let query = DrawnQuery {
        name: wanted.name.filter(|name| !name.is_empty()),
        id: id.flatten(),
        enabled: wanted.enabled,
        sort: match wanted.sort_by {
            Some(SortBy::CreatedAt) => DrawnSort::CreatedAt,
            Some(SortBy::UpdatedAt) | None => DrawnSort::UpdatedAt,
        },
        direction: match wanted.sort_order {
            Some(SortOrder::Asc) => Direction::Asc,
            Some(SortOrder::Desc) | None => Direction::Desc,
        },
        from: wanted.from.unwrap_or_default(),
        ..DrawnQuery::of(DefinitionKind::Flow, wanted.size.unwrap_or(USUAL))
    };
    let triggers = TriggerFilter { kind: wanted.trigger_type, ..TriggerFilter::default() };
    let found = find(&mut state.store().reader().await?, key.workspace, query, &triggers).await?;
    Ok(Json(FoundTemplates { hits: found.hits, results: found.results }))
}
