//! `GET /v1/workflows/definitions`.

use axum::extract::State;
use serde_json::Value;
use stepwell_core::DefinitionKind;
use stepwell_store::definition::{self, DrawnQuery};

use super::document;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::template::store::MAX_DEFINITIONS;
use crate::flows::wire::definition::WorkflowDefinition;
use crate::scope::FlowTemplatesRead;
use crate::state::ApiState;

/// Lists the definitions of the workspace, those that changed last first.
#[utoipa::path(
    get, path = "/v1/workflows/definitions", tag = "checklist definitions",
    security(("secret_key" = ["flow-templates:read"])),
    responses((status = 200, description = "The definitions", body = Vec<WorkflowDefinition>))
)]
pub(crate) async fn list(
    key: Secret<FlowTemplatesRead>,
    State(state): State<ApiState>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let wanted = DrawnQuery::of(DefinitionKind::Checklist, MAX_DEFINITIONS);
    let found = definition::drawn(&mut state.store().reader().await?, key.workspace, &wanted).await?;
    Ok(Json(found.items.into_iter().map(|item| document::shown(&item.definition, item.document)).collect()))
}
