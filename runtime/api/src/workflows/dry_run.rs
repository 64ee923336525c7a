//! `POST /workflows/:id/dry-run`

use axum::extract::State;
use serde_json::{Map, Value};
use stepwell_core as core;
use stepwell_core::{Contact, ContactId, DefinitionId, MAX_CONTACT_DATA, Outcome, WorkspaceId, normalise_email};
use stepwell_engine::{Arrival, DryRun};
use stepwell_store::{Conn, contact, definition};
use tokio::sync::Semaphore;

use super::step_type::to_wire;
use super::versions::no_version;
use super::wire::dry_run::DryRunContact;
use super::{edit, map, wire};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json, fits};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::wire::{JsonObject, Time};

/// Dry runs at a time: each holds the documents of a whole execution in memory.
static PLACES: Semaphore = Semaphore::const_new(4);

/// The most bytes of a message's body that are shown.
const MAX_HTML: usize = 64 * 1024;

/// Walks a workflow without any effect: no message is sent, no request goes out, no contact changes, and waits end at once, by the
/// first arrival that fits or else by time.
#[utoipa::path(
    post, path = "/workflows/{id}/dry-run", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    request_body = wire::DryRunRequest,
    responses((status = 200, description = "What would happen", body = wire::DryRunResult))
)]
pub(crate) async fn dry_run(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
    Json(request): Json<wire::DryRunRequest>,
) -> Result<Json<wire::DryRunResult>, ApiError> {
    let input = input(&state, access.workspace, id, request).await?;
    let (version, graph) = (input.definition.version, input.graph.clone());
    let Ok(_place) = PLACES.try_acquire() else {
        return Err(ApiError::unavailable("Too many dry runs are under way"));
    };
    let result = state.engine().dry_run(input).await?;
    Ok(Json(wire::DryRunResult {
        status: result.execution.status.into(),
        exit_reason: result.execution.exit_reason,
        version,
        steps: result.visited.into_iter().map(|visited| visit(&graph, visited)).collect(),
        context: result.execution.event,
        contact_subscribed: result.contact.as_ref().map(|contact| contact.subscribed),
        contact_data: result.contact.map(|contact| JsonObject(contact.data)),
    }))
}

async fn input(
    state: &ApiState,
    workspace: WorkspaceId,
    id: core::DefinitionId,
    request: wire::DryRunRequest,
) -> Result<DryRun, ApiError> {
    let mut conn = state.store().reader().await?;
    let mut head = edit::head(&mut conn, workspace, id).await?;
    head.version = request.version.unwrap_or(head.version);
    let graph = definition::graph(&mut conn, workspace, id, head.version).await?.ok_or_else(no_version)?;
    let contact = match (request.contact_id, request.contact) {
        (Some(_), Some(_)) => {
            return Err(ApiError::field("contact", "invalid", "cannot be combined with contactId"));
        }
        (Some(id), None) => Some(stored(&mut conn, workspace, id.into()).await?),
        (None, Some(made_up)) => Some(contact_of(state, workspace, made_up)?),
        (None, None) => None,
    };
    Ok(DryRun {
        definition: head,
        graph,
        contact,
        event: request.event.map_or(Value::Null, |event| Value::Object(event.0)),
        arrivals: request.arrivals.unwrap_or_default().into_iter().map(arrival).collect(),
    })
}

async fn stored(conn: &mut Conn, workspace: WorkspaceId, id: ContactId) -> Result<Contact, ApiError> {
    let found = contact::get(conn, workspace, id).await?;
    found.ok_or_else(|| ApiError::not_found("CONTACT_NOT_FOUND", "Contact not found"))
}

fn contact_of(state: &ApiState, workspace: WorkspaceId, made_up: DryRunContact) -> Result<Contact, ApiError> {
    let data: Map<String, Value> = made_up.data.unwrap_or_default().0;
    fits("contact.data", &data, MAX_CONTACT_DATA)?;
    Ok(Contact {
        id: state.new_id(),
        workspace_id: workspace,
        email: made_up.email.map_or("dry-run@example.org".to_owned(), |email| normalise_email(&email.0)),
        subscribed: made_up.subscribed.unwrap_or(true),
        data,
        created_at: state.now(),
        updated_at: state.now(),
    })
}

fn arrival(wire: wire::Arrival) -> Arrival {
    Arrival {
        name: wire.event_name.0.trim().to_owned(),
        data: wire.data.map_or(Value::Null, |data| Value::Object(data.0)),
    }
}

fn visit(graph: &core::Graph, visited: stepwell_engine::Visited) -> wire::Visited {
    let step = graph.step(visited.step_id);
    let mut shown = wire::Visited {
        step_id: visited.step_id.0,
        name: step.map(|step| step.name.clone()).unwrap_or_default(),
        step_type: step.map(|step| to_wire(&step.step_type)).unwrap_or_default(),
        at: Time(visited.at),
        outcome: wire::StepOutcome::Checkpoint,
        branch: None,
        output: Value::Null,
        wait_until: None,
        wait_event_name: None,
        failure: None,
        requests: visited.requests,
        messages: visited.messages.into_iter().map(message).collect(),
        events: visited.events,
    };
    answer(&mut shown, visited.outcome);
    shown
}

fn answer(shown: &mut wire::Visited, outcome: Outcome) {
    match outcome {
        Outcome::Completed(done) => {
            shown.outcome = wire::StepOutcome::Completed;
            shown.branch = done.branch;
            shown.output = done.output;
        }
        Outcome::Waiting(wait) => {
            shown.outcome = wire::StepOutcome::Waiting;
            shown.wait_until = wait.until.map(Time);
            shown.wait_event_name = wait.event.map(|event| event.name);
            shown.output = wait.output;
        }
        Outcome::Checkpoint { .. } => shown.outcome = wire::StepOutcome::Checkpoint,
        Outcome::Exited { .. } => shown.outcome = wire::StepOutcome::Exited,
        Outcome::Failed(failure) => {
            shown.outcome = wire::StepOutcome::Failed;
            shown.failure = Some(map::failure(failure));
        }
    }
}

fn message(email: core::Email) -> wire::WouldSend {
    let mut html = email.html;
    if html.len() > MAX_HTML {
        html.truncate(html.floor_char_boundary(MAX_HTML));
    }
    wire::WouldSend {
        to: email.to,
        from: email.from,
        from_name: email.from_name,
        reply_to: email.reply_to,
        subject: email.subject,
        html,
        template_id: email.template_id.map(|id| id.0),
    }
}
