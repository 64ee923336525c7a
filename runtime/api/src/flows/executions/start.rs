//! `POST /v2/flows/executions`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use stepwell_core::flow::{FlowData, StartPeople, Surface};
use stepwell_core::{DefinitionKind, Start, WorkspaceId};
use stepwell_engine::NewFlow;
use stepwell_store::Conn;
use stepwell_store::definition::{self, Written};

use super::{read, show};
use crate::error::ApiError;
use crate::extract::{Json, fits};
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::convert::all;
use crate::flows::error::{Absent, invalid};
use crate::flows::refused::refused;
use crate::flows::wire::common::TriggerType;
use crate::flows::wire::execution::{FlowExecution, FlowTrigger, StartFlowReq};
use crate::flows::wire::template::FlowTemplate;
use crate::flows::{closing, contexts, ids};
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// The most purposes of one execution.
const MAX_PURPOSES: usize = 100;

/// The most bytes, as JSON, of the purposes and of what started it.
const MAX_KEPT: usize = 64 * 1024;

/// Starts a flow. It is answered as it stands once everything that could be done at once is done.
#[utoipa::path(
    post, path = "/v2/flows/executions", tag = "flows", security(("secret_key" = ["flows:write"])),
    request_body = StartFlowReq,
    responses((status = 201, description = "The execution", body = FlowExecution))
)]
pub(crate) async fn start(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    Body(wanted): Body<StartFlowReq>,
) -> Result<(StatusCode, Json<FlowExecution>), ApiError> {
    let new = {
        let mut conn = state.store().reader().await?;
        let of = find(&mut conn, key.workspace, &wanted.flow_template_id).await?;
        new(&mut conn, key.workspace, of, wanted, &key.user).await?
    };
    let started = state.engine().start_flow(key.workspace, new).await;
    let started = started.map_err(|error| refused(error, Absent::BadRequest))?;
    Ok((StatusCode::CREATED, Json(show::execution(&started))))
}

/// The template of an id on the wire, if it can be started.
async fn find(conn: &mut Conn, workspace: WorkspaceId, id: &str) -> Result<Written, ApiError> {
    let unknown = || {
        let id: String = id.chars().take(64).collect();
        invalid("flow_template_id", format!("there is no flow template {id:?}"))
    };
    let of = ids::parse(id).ok_or_else(unknown)?;
    let found = definition::newest(conn, workspace, DefinitionKind::Flow, of).await?.ok_or_else(unknown)?;
    if !found.definition.enabled {
        return Err(invalid("flow_template_id", "the template is not enabled"));
    }
    Ok(found)
}

async fn new(
    conn: &mut Conn,
    workspace: WorkspaceId,
    of: Written,
    wanted: StartFlowReq,
    by: &str,
) -> Result<NewFlow, ApiError> {
    if wanted.purposes.as_ref().is_some_and(|purposes| purposes.len() > MAX_PURPOSES) {
        return Err(ApiError::field("purposes", "too_big", format!("must have at most {MAX_PURPOSES} items")));
    }
    // Both are read with the execution whenever something is done to it.
    fits("purposes", &wanted.purposes, MAX_KEPT)?;
    fits("trigger", &wanted.trigger, MAX_KEPT)?;
    let (about, entities) = read::contexts(conn, workspace, wanted.contexts).await?;
    let template: FlowTemplate = serde_json::from_value(of.document).map_err(ApiError::internal)?;
    let reasons = template.closing_reasons.as_ref();
    let reasons = reasons.map(|reasons| reasons.iter().map(|reason| reason.id.clone()).collect());
    let due_date = template.due_date.clone().filter(|date| !date.is_empty());
    let data = FlowData {
        due_rule: template.due_date_config.clone().map(Into::into),
        due_by_hand: due_date.is_some(),
        closing: closing::configured(conn, workspace, reasons, template.single_closing_reason_selection).await?,
        trigger: trigger(wanted.trigger.unwrap_or_default())?,
        purposes: wanted.purposes,
        settings: settings(&template),
        assignees: all(template.assigned_to.unwrap_or_default()),
        ..FlowData::default()
    };
    let (name, surface, contact_id) = (of.definition.name, Surface::Flow, contexts::contact(&entities));
    let people = StartPeople { name, surface, contexts: about, entities, by: by.to_owned(), data, due_date };
    let start = Start { contact_id, people: Some(people), ..Start::default() };
    Ok(NewFlow { definition: of.definition.id, start })
}

/// What started it: a person, unless it is said otherwise.
fn trigger(sent: FlowTrigger) -> Result<Value, ApiError> {
    let kind = sent.kind.or(Some(TriggerType::Manual));
    serde_json::to_value(FlowTrigger { kind, ..sent }).map_err(ApiError::internal)
}

/// What an execution shows of its template and the rules do not look at, and what it writes to entities.
fn settings(template: &FlowTemplate) -> Value {
    json!({
        "available_in_ecp": template.available_in_ecp,
        "entity_sync": template.entity_sync,
        "taxonomies": template.taxonomies,
    })
}
