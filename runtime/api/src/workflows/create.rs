//! `POST /workflows`

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use stepwell_core::{
    Definition, DefinitionKind, Follow, Given, Graph, Join, Position, Reentry, Step, TRIGGER, TriggerKind, WorkspaceId,
};
use stepwell_store::definition;

use super::trigger::Trigger;
use super::{map, reentry, wire};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;

/// Creates a workflow, disabled unless it says otherwise, with its TRIGGER step.
#[utoipa::path(
    post, path = "/workflows", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    request_body = wire::CreateWorkflow,
    responses((status = 201, description = "The workflow", body = wire::Workflow))
)]
pub(crate) async fn create(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    Json(request): Json<wire::CreateWorkflow>,
) -> Result<(StatusCode, Json<wire::Workflow>), ApiError> {
    let stamp = state.engine().stamp();
    let (definition, graph) = new(access.workspace, request, &Given::new(stamp.now, stamp.ids.as_ref()))?;
    let definition = insert(&state, definition, graph).await?;
    Ok((StatusCode::CREATED, Json(map::workflow(&definition))))
}

fn new(
    workspace: WorkspaceId,
    request: wire::CreateWorkflow,
    given: &Given<'_>,
) -> Result<(Definition, Graph), ApiError> {
    let kind = request.trigger_type.map_or(TriggerKind::Event, TriggerKind::from);
    let config = request.trigger_config.as_ref().map(|config| &config.0);
    let trigger = Trigger::new(kind, config, request.event_name.as_ref().map(|name| name.0.as_str()), given.now)?;
    let graph = Graph { steps: vec![trigger_step(&trigger, given)], transitions: vec![], drawn: None };
    let definition = Definition {
        id: given.id(),
        workspace_id: workspace,
        kind: DefinitionKind::Workflow,
        name: request.name,
        description: request.description,
        enabled: request.enabled.unwrap_or(false),
        trigger: trigger.kind,
        trigger_config: trigger.config,
        reentry: reentry::wanted(Reentry::Once, request.reentry, request.allow_reentry)?,
        commit_every_step: request.commit_every_step.unwrap_or(false),
        version: 1,
        created_at: given.now,
        updated_at: given.now,
    };
    Ok((definition, graph))
}

fn trigger_step(trigger: &Trigger, given: &Given<'_>) -> Step {
    let config: Value = trigger.step_config();
    Step {
        id: given.id(),
        step_type: TRIGGER.to_owned(),
        name: trigger.step_name(),
        position: Position { x: 100.0, y: 100.0 },
        config,
        template_id: None,
        retry: None,
        plugin: None,
        follow: Follow::First,
        join: Join::Any,
        task: None,
        shown: None,
        created_at: given.now,
        updated_at: given.now,
    }
}

/// Stores a new workflow and sets its schedule.
pub(super) async fn insert(state: &ApiState, new: Definition, graph: Graph) -> Result<Definition, ApiError> {
    let scheduled = new.trigger == TriggerKind::Schedule;
    let stored = state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                definition::insert(conn, &new, &graph).await?;
                stepwell_engine::arm(conn, &new, new.created_at).await?;
                Ok(new)
            })
        })
        .await?;
    if scheduled {
        state.engine().schedules_changed();
    }
    Ok(stored)
}
