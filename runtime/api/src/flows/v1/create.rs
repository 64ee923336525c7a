//! `POST /v1/workflows/executions`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use stepwell_core::flow::{FlowData, StartPeople, Surface};
use stepwell_core::{DefinitionKind, Start, WorkspaceId};
use stepwell_engine::NewFlow;
use stepwell_store::Conn;
use stepwell_store::definition::{self, Written};

use super::{read, refused, shown};
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::definitions::due;
use crate::flows::error::{Absent, invalid};
use crate::flows::wire::definition::WorkflowDefinition;
use crate::flows::wire::v1::{UpdateEntityAttributes, UpdateSource, WorkflowExecution};
use crate::flows::wire::v1_requests::WorkflowExecutionCreateReq;
use crate::flows::{closing, contexts, ids};
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// The most purposes of one execution.
const MAX_PURPOSES: usize = 100;

/// Starts an execution of a definition.
#[utoipa::path(
    post, path = "/v1/workflows/executions", tag = "checklists", security(("secret_key" = ["flows:write"])),
    request_body = WorkflowExecutionCreateReq,
    responses((status = 201, description = "The execution", body = WorkflowExecution))
)]
pub(crate) async fn create(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    Body(wanted): Body<WorkflowExecutionCreateReq>,
) -> Result<(StatusCode, Json<WorkflowExecution>), ApiError> {
    let new = {
        let mut conn = state.store().reader().await?;
        let of = find(&mut conn, key.workspace, &wanted.workflow_id).await?;
        start(&mut conn, key.workspace, of, wanted, &key.user).await?
    };
    let acted = state.engine().start_flow(key.workspace, new).await.map_err(refused)?;
    Ok((StatusCode::CREATED, shown(&acted)))
}

/// The definition of an id on the wire, if it can be started.
async fn find(conn: &mut Conn, workspace: WorkspaceId, id: &str) -> Result<Written, ApiError> {
    let unknown = || Absent::BadRequest.error("definition", id);
    let of = ids::parse(id).ok_or_else(unknown)?;
    let found = definition::newest(conn, workspace, DefinitionKind::Checklist, of).await?.ok_or_else(unknown)?;
    if !found.definition.enabled {
        return Err(invalid("workflowId", "the definition is not enabled"));
    }
    Ok(found)
}

async fn start(
    conn: &mut Conn,
    workspace: WorkspaceId,
    of: Written,
    wanted: WorkflowExecutionCreateReq,
    by: &str,
) -> Result<NewFlow, ApiError> {
    let about = read::contexts(wanted.contexts.unwrap_or_default());
    contexts::check(&about, ("id", "schema"))?;
    let entities = contexts::known(conn, workspace, &about).await?;
    let document: WorkflowDefinition = serde_json::from_value(of.document).map_err(ApiError::internal)?;
    if wanted.purposes.as_ref().is_some_and(|purposes| purposes.len() > MAX_PURPOSES) {
        return Err(ApiError::field("purposes", "too_big", format!("must have at most {MAX_PURPOSES} items")));
    }
    let assigned = wanted.assigned_to.or_else(|| document.assigned_to.clone()).unwrap_or_default();
    let reasons = document.closing_reasons.as_ref();
    let reasons = reasons.map(|reasons| reasons.iter().map(|reason| reason.id.clone()).collect());
    let data = FlowData {
        assignees: read::people(assigned, "assignedTo")?,
        due_rule: document.dynamic_due_date.as_ref().map(|rule| due::rule(rule, "dynamicDueDate")).transpose()?,
        due_by_hand: document.due_date.is_some(),
        closing: closing::configured(conn, workspace, reasons, document.single_closing_reason_selection).await?,
        trigger: json!({ "type": wanted.trigger.unwrap_or_default() }),
        purposes: wanted.purposes,
        settings: settings(&document),
        ..FlowData::default()
    };
    let (name, surface) = (of.definition.name, Surface::Checklist);
    let contact_id = contexts::contact(&entities);
    let due_date = document.due_date;
    let people = StartPeople { name, surface, contexts: about, entities, by: by.to_owned(), data, due_date };
    let start = Start { contact_id, people: Some(people), ..Start::default() };
    Ok(NewFlow { definition: of.definition.id, start })
}

/// What an execution shows of its definition. What is written to entities is said as in the second version.
fn settings(of: &WorkflowDefinition) -> Value {
    let rules: Vec<_> = of.update_entity_attributes.iter().flatten().flat_map(sync).collect();
    json!({
        "enableECPWorkflow": of.enable_ecp_workflow,
        "updateEntityAttributes": of.update_entity_attributes,
        "taxonomies": of.taxonomies,
        "entity_sync": rules,
    })
}

fn sync(rule: &UpdateEntityAttributes) -> Vec<Value> {
    let (events, source): (&[&str], &str) = match rule.source {
        UpdateSource::WorkflowStatus => {
            (&["FlowStarted", "FlowCompleted", "FlowCancelled", "FlowReopened"], "workflow_status")
        }
        UpdateSource::CurrentSection => (&["CurrTaskChanged"], "phase_name"),
        UpdateSource::CurrentStep => (&["CurrTaskChanged"], "task_name"),
    };
    let one =
        |event: &&str| json!({ "trigger": { "event": event }, "value": { "source": source }, "target": rule.target });
    events.iter().map(one).collect()
}
