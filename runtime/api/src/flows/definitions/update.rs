//! `PUT /v1/workflows/definitions/{definitionId}`.

use axum::extract::State;
use serde_json::Value;
use stepwell_core::{Definition, DefinitionId, DefinitionKind, Given, Timestamp, WorkspaceId};
use stepwell_store::{Conn, StoreError, definition};

use super::document::{self, Prepared};
use super::{known, unknown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::body::Document;
use crate::flows::error::Absent;
use crate::flows::wire::common::ErrorResp;
use crate::flows::wire::definition::WorkflowDefinition;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Replaces a definition. Executions that run stay as they are. An unknown one is a bad request.
#[utoipa::path(
    put, path = "/v1/workflows/definitions/{definitionId}", tag = "checklist definitions",
    security(("secret_key" = ["flow-templates:write"])),
    params(("definitionId" = String, Path, description = "Which one")), request_body = WorkflowDefinition,
    responses(
        (status = 200, description = "The definition as it is now", body = WorkflowDefinition),
        (status = 409, description = "It was changed by somebody else at the same time", body = ErrorResp),
    )
)]
pub(crate) async fn update(
    key: Secret<FlowTemplatesWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Document { sent, .. }: Document<WorkflowDefinition>,
) -> Result<Json<Value>, ApiError> {
    let wanted = known(Absent::BadRequest, &id)?;
    let stamp = state.engine().stamp();
    let (workspace, now) = (key.workspace, stamp.now);
    let prepared = document::prepare(wanted, sent, &Given::new(now, stamp.ids.as_ref()))?;
    let made = prepared.clone();
    let written = state.store().write_for::<_, StoreError, _>(workspace, move |conn| {
        Box::pin(async move { replace(conn, workspace, wanted, &made, now).await })
    });
    let head = written.await?.ok_or_else(|| unknown(Absent::BadRequest, &id))?;
    Ok(Json(document::shown(&head, prepared.document)))
}

/// The head as it is now; none if there is no such definition.
async fn replace(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    made: &Prepared,
    now: Timestamp,
) -> Result<Option<Definition>, StoreError> {
    let found = definition::get(conn, workspace, id).await?;
    let Some(mut head) = found.filter(|head| head.kind == DefinitionKind::Checklist) else { return Ok(None) };
    head.name.clone_from(&made.name);
    head.description.clone_from(&made.description);
    head.enabled = made.enabled;
    head.updated_at = now;
    definition::update(conn, &head).await?;
    let what = (&made.graph, Some(&made.document));
    head.version = definition::save_with_document(conn, (workspace, id), head.version, what, now).await?;
    Ok(Some(head))
}
