//! `/v1/workflows/definitions/{definitionId}/closing-reasons`: of definitions, and of templates of flows as well.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value};
use stepwell_core::{Definition, DefinitionId, DefinitionKind, Timestamp, WorkspaceId};
use stepwell_store::{Conn, StoreError, closing_reason, definition};

use super::{known, unknown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::body::Body;
use crate::flows::error::{Absent, invalid};
use crate::flows::wire::reason::ClosingReasonsIds;
use crate::flows::wire::template::ReasonRef;
use crate::scope::{FlowTemplatesRead, FlowTemplatesWrite};
use crate::state::ApiState;

/// The most reasons of one definition.
const MAX_REASONS: usize = 100;

/// Lists the closing reasons of a definition or template, by their ids.
#[utoipa::path(
    get, path = "/v1/workflows/definitions/{definitionId}/closing-reasons", tag = "checklist definitions",
    security(("secret_key" = ["flow-templates:read"])),
    params(("definitionId" = String, Path, description = "Which definition or template")),
    responses((status = 200, description = "The ids", body = ClosingReasonsIds))
)]
pub(crate) async fn get(
    key: Secret<FlowTemplatesRead>,
    State(state): State<ApiState>,
    At(id): At<String>,
) -> Result<Json<ClosingReasonsIds>, ApiError> {
    let wanted = known(Absent::NotFound, &id)?;
    let found = written(&mut state.store().reader().await?, key.workspace, wanted).await?;
    let (head, document) = found.ok_or_else(|| unknown(Absent::NotFound, &id))?;
    let reasons = document.get(member(&head)).cloned().unwrap_or(Value::Array(Vec::new()));
    let reasons = serde_json::from_value(reasons).map_err(ApiError::internal)?;
    Ok(Json(ClosingReasonsIds { reasons }))
}

/// Replaces the closing reasons of a definition or template. Executions keep those that they started with.
#[utoipa::path(
    patch, path = "/v1/workflows/definitions/{definitionId}/closing-reasons", tag = "checklist definitions",
    security(("secret_key" = ["flow-templates:write"])),
    params(("definitionId" = String, Path, description = "Which definition or template")),
    request_body = ClosingReasonsIds, responses((status = 201, description = "Replaced"))
)]
pub(crate) async fn set(
    key: Secret<FlowTemplatesWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Body(wanted): Body<ClosingReasonsIds>,
) -> Result<StatusCode, ApiError> {
    let definition = known(Absent::NotFound, &id)?;
    if wanted.reasons.len() > MAX_REASONS {
        return Err(ApiError::field("reasons", "too_big", format!("must have at most {MAX_REASONS} items")));
    }
    let (workspace, now) = (key.workspace, state.now());
    let stored = state.store().write_for(workspace, move |conn| {
        Box::pin(async move { replace(conn, workspace, definition, wanted.reasons, now).await })
    });
    if stored.await? { Ok(StatusCode::CREATED) } else { Err(unknown(Absent::NotFound, &id)) }
}

/// The member of a document in which its closing reasons are.
fn member(head: &Definition) -> &'static str {
    match head.kind {
        DefinitionKind::Workflow | DefinitionKind::Checklist => "closingReasons",
        DefinitionKind::Flow => "closing_reasons",
    }
}

/// A definition or template and its document.
async fn written(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
) -> Result<Option<(Definition, Map<String, Value>)>, StoreError> {
    let Some(head) = definition::get(conn, workspace, id).await? else { return Ok(None) };
    let document = definition::document(conn, workspace, id, head.version).await?;
    Ok(match document {
        Some(Value::Object(document)) => Some((head, document)),
        _ => None,
    })
}

async fn replace(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    reasons: Vec<ReasonRef>,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let Some((head, mut document)) = written(conn, workspace, id).await? else { return Ok(false) };
    exist(conn, workspace, &reasons).await?;
    let reasons = serde_json::to_value(reasons).map_err(ApiError::internal)?;
    document.insert(member(&head).to_owned(), reasons);
    let document = Value::Object(document);
    Ok(definition::set_document(conn, (workspace, id), head.version, &document, now).await?)
}

/// Refuses reasons that the catalogue does not have.
async fn exist(conn: &mut Conn, workspace: WorkspaceId, reasons: &[ReasonRef]) -> Result<(), ApiError> {
    let ids: Vec<_> = reasons.iter().map(|reason| reason.id.clone()).collect();
    let known = closing_reason::titles(conn, workspace, &ids).await?;
    match ids.iter().position(|id| !known.iter().any(|reason| reason.id == *id)) {
        None => Ok(()),
        Some(place) => Err(invalid(format!("reasons.{place}.id"), "there is no closing reason of this id")),
    }
}
