//! `POST /v1/workflows/definitions`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use stepwell_core::{DefinitionId, Given};

use super::document;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::body::Document;
use crate::flows::template::store;
use crate::flows::wire::definition::WorkflowDefinition;
use crate::scope::FlowTemplatesWrite;
use crate::state::ApiState;

/// Makes a definition. Sections and steps without an id get one.
#[utoipa::path(
    post, path = "/v1/workflows/definitions", tag = "checklist definitions",
    security(("secret_key" = ["flow-templates:write"])), request_body = WorkflowDefinition,
    responses((status = 201, description = "The definition", body = WorkflowDefinition))
)]
pub(crate) async fn create(
    key: Secret<FlowTemplatesWrite>,
    State(state): State<ApiState>,
    Document { sent, .. }: Document<WorkflowDefinition>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let stamp = state.engine().stamp();
    let given = Given::new(stamp.now, stamp.ids.as_ref());
    let id: DefinitionId = given.id();
    let prepared = document::prepare(id, sent, &given)?;
    let head = prepared.head(key.workspace, id, &given);
    let made = store::insert(&state, head, prepared.graph, prepared.document).await?;
    Ok((StatusCode::CREATED, Json(document::shown(&made.definition, made.document))))
}
