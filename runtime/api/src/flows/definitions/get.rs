//! `GET /v1/workflows/definitions/{definitionId}`.

use axum::extract::State;
use serde_json::Value;
use stepwell_core::DefinitionKind;
use stepwell_store::definition;

use super::{document, known, unknown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::error::Absent;
use crate::flows::wire::definition::WorkflowDefinition;
use crate::scope::FlowTemplatesRead;
use crate::state::ApiState;

/// Shows a definition.
#[utoipa::path(
    get, path = "/v1/workflows/definitions/{definitionId}", tag = "checklist definitions",
    security(("secret_key" = ["flow-templates:read"])),
    params(("definitionId" = String, Path, description = "Which one")),
    responses((status = 200, description = "The definition", body = WorkflowDefinition))
)]
pub(crate) async fn get(
    key: Secret<FlowTemplatesRead>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    let wanted = known(Absent::NotFound, &id)?;
    let mut conn = state.store().reader().await?;
    let found = definition::newest(&mut conn, key.workspace, DefinitionKind::Checklist, wanted).await?;
    let found = found.ok_or_else(|| unknown(Absent::NotFound, &id))?;
    Ok(Json(document::shown(&found.definition, found.document)))
}
