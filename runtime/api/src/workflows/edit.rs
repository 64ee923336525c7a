//! Editing a workflow: read it, decide, store it; once more from the start if somebody else was faster.
//!
//! A decision may ask components and takes its time, so it is made outside the commit. The commit stores it only if the
//! workflow's head is still the one that it was made on.

use std::future::Future;
use std::sync::Arc;

use stepwell_core::{
    Definition, DefinitionId, DefinitionKind, Given, Graph, StepId, TemplateId, Timestamp, TriggerKind, WorkspaceId,
};
use stepwell_store::{Conn, definition, execution, template};

use crate::error::ApiError;
use crate::extract::fits;
use crate::state::ApiState;

/// How often a decision is made anew before the request is refused.
const TRIES: usize = 10;

/// The most bytes of a graph as JSON.
const MAX_GRAPH: usize = 4 * 1024 * 1024;

/// A workflow and the newest version of its graph.
pub(super) struct Loaded {
    pub(super) definition: Definition,
    pub(super) graph: Arc<Graph>,
}

/// What becomes of a workflow.
pub(super) struct Edit<T> {
    /// Its head, as it is to be.
    pub(super) definition: Definition,
    /// Its graph, as it is to be; none for the same.
    pub(super) graph: Option<Graph>,
    /// What must not be active.
    pub(super) idle: Idle,
    /// Templates that must exist.
    pub(super) templates: Vec<TemplateId>,
    /// What the request is answered with.
    pub(super) answer: T,
}

impl<T> Edit<T> {
    /// A new graph and nothing else.
    pub(super) fn graph(loaded: &Loaded, graph: Graph, answer: T) -> Self {
        let definition = loaded.definition.clone();
        Self { definition, graph: Some(graph), idle: Idle::Nothing, templates: Vec::new(), answer }
    }
}

/// Which executions stand in the way of an edit.
#[derive(Clone)]
pub(super) enum Idle {
    /// None.
    Nothing,
    /// Any active one; the text says what they keep from happening.
    Workflow(&'static str),
    /// Active ones on these steps.
    Steps(Vec<StepId>),
}

/// A change of a workflow.
pub(super) trait Change: Sync {
    /// What the request is answered with.
    type Answer: Send;

    /// Decides what becomes of the workflow. May be asked several times.
    fn decide(
        &self,
        loaded: &Loaded,
        given: &Given<'_>,
    ) -> impl Future<Output = Result<Edit<Self::Answer>, ApiError>> + Send;
}

/// There is no such workflow in the workspace.
pub(super) fn not_found() -> ApiError {
    ApiError::not_found("WORKFLOW_NOT_FOUND", "Workflow not found")
}

/// The head of a workflow, or 404: definitions of other surfaces are none.
pub(super) async fn head(conn: &mut Conn, workspace: WorkspaceId, id: DefinitionId) -> Result<Definition, ApiError> {
    let found = definition::get(conn, workspace, id).await?;
    found.filter(|head| head.kind == DefinitionKind::Workflow).ok_or_else(not_found)
}

/// A workflow with its newest graph, or 404.
pub(super) async fn load(conn: &mut Conn, workspace: WorkspaceId, id: DefinitionId) -> Result<Loaded, ApiError> {
    let definition = head(conn, workspace, id).await?;
    let graph = definition::graph(conn, workspace, id, definition.version).await?.ok_or_else(not_found)?;
    Ok(Loaded { definition, graph })
}

/// Makes a change, and gives the workflow as it is now.
pub(super) async fn apply<C: Change>(
    state: &ApiState,
    workspace: WorkspaceId,
    id: DefinitionId,
    change: &C,
) -> Result<(Definition, C::Answer), ApiError> {
    for _ in 0..TRIES {
        let loaded = load(&mut state.store().reader().await?, workspace, id).await?;
        let stamp = state.engine().stamp();
        let edit = change.decide(&loaded, &Given::new(stamp.now, stamp.ids.as_ref())).await?;
        let (decision, answer) = Decision::new(loaded, edit)?;
        if let Some(definition) = store(state, decision, stamp.now).await? {
            return Ok((definition, answer));
        }
    }
    Err(ApiError::conflict("The workflow is being changed by others at the same time").suggest("Try again"))
}

/// An edit that is to be stored, with the head that it was decided on.
#[derive(Clone)]
struct Decision {
    before: Definition,
    definition: Definition,
    graph: Option<Graph>,
    idle: Idle,
    templates: Vec<TemplateId>,
}

impl Decision {
    fn new<T>(loaded: Loaded, edit: Edit<T>) -> Result<(Self, T), ApiError> {
        let graph = edit.graph.filter(|graph| *graph != *loaded.graph);
        if let Some(graph) = &graph {
            fits("steps", graph, MAX_GRAPH)?;
        }
        let Edit { definition, idle, templates, answer, .. } = edit;
        Ok((Self { before: loaded.definition, definition, graph, idle, templates }, answer))
    }
}

/// Stores a decision; `None` if the workflow has changed since.
async fn store(state: &ApiState, decision: Decision, now: Timestamp) -> Result<Option<Definition>, ApiError> {
    let scheduled = [&decision.before, &decision.definition].iter().any(|head| head.trigger == TriggerKind::Schedule);
    let stored = state.store().write(move |conn| Box::pin(async move { commit(conn, decision, now).await })).await?;
    if scheduled && stored.is_some() {
        state.engine().schedules_changed();
    }
    Ok(stored)
}

async fn commit(conn: &mut Conn, decision: Decision, now: Timestamp) -> Result<Option<Definition>, ApiError> {
    let Decision { before, mut definition, graph, idle, templates } = decision;
    if head(conn, before.workspace_id, before.id).await? != before {
        return Ok(None);
    }
    check_idle(conn, &before, &idle).await?;
    check_templates(conn, before.workspace_id, &templates).await?;
    if definition != before {
        definition.updated_at = now;
        definition::update(conn, &definition).await?;
        stepwell_engine::arm(conn, &definition, now).await?;
    }
    if let Some(graph) = graph {
        let (workspace, id) = (before.workspace_id, before.id);
        definition.version = definition::save_graph(conn, workspace, id, before.version, &graph, now).await?;
        definition.updated_at = now;
    }
    Ok(Some(definition))
}

async fn check_idle(conn: &mut Conn, before: &Definition, idle: &Idle) -> Result<(), ApiError> {
    let (active, message) = match idle {
        Idle::Nothing => return Ok(()),
        Idle::Workflow(message) => (execution::active_count(conn, before.workspace_id, before.id).await?, *message),
        Idle::Steps(steps) => {
            let active = execution::active_on_steps(conn, before.workspace_id, before.id, steps).await?;
            (active, "Active executions stand on what would be removed, or lead to it")
        }
    };
    if active == 0 {
        return Ok(());
    }
    Err(ApiError::conflict(message).details(serde_json::json!({ "activeExecutions": active })).suggest(
        "Cancel them (POST /workflows/{id}/executions/cancel-all), wait until they have ended, or disable the workflow first",
    ))
}

/// Whether templates exist is asked in the commit: they could be deleted until then.
async fn check_templates(conn: &mut Conn, workspace: WorkspaceId, ids: &[TemplateId]) -> Result<(), ApiError> {
    for id in ids {
        let found = template::get(conn, workspace, *id).await?;
        found.ok_or_else(|| ApiError::not_found("TEMPLATE_NOT_FOUND", "Template not found"))?;
    }
    Ok(())
}
