//! `PATCH /workflows/:id`

use axum::extract::State;
use stepwell_core::{Definition, DefinitionId, Given, Graph, Step, TRIGGER, TriggerKind, WorkspaceId};
use stepwell_store::{workflow_admin, workspace};

use super::config::{self, Catalogue, Strictness};
use super::edit::{self, Change, Edit, Idle, Loaded};
use super::step_type::to_wire;
use super::trigger::Trigger;
use super::{graph, map, reentry, wire};
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::{ApiError, FieldError, MAX_FIELD_ERRORS};
use crate::extract::{At, Json};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;

/// Changes a workflow.
///
/// Enabling it is refused with 422 if a step of it is not ready to run; each error names the step. Disabling stops new executions,
/// those that run go on. The trigger cannot be changed while the workflow is enabled and has active executions.
#[utoipa::path(
    patch, path = "/workflows/{id}", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    request_body = wire::PatchWorkflow,
    responses(
        (status = 200, description = "The workflow as it is now", body = wire::PatchedWorkflow),
        (status = 409, description = "Active executions keep the trigger from changing", body = ErrorBody),
    )
)]
pub(crate) async fn patch(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
    Json(request): Json<wire::PatchWorkflow>,
) -> Result<Json<wire::PatchedWorkflow>, ApiError> {
    let workspace = access.workspace;
    let change = Patch { state: state.clone(), workspace, request };
    let (definition, ()) = edit::apply(&state, workspace, id, &change).await?;
    let project = workspace::get(&mut state.store().reader().await?, workspace).await?;
    let name = project.map(|project| project.name).unwrap_or_default();
    Ok(Json(wire::PatchedWorkflow { workflow: map::workflow(&definition), project: wire::ProjectRef { name } }))
}

struct Patch {
    state: ApiState,
    workspace: WorkspaceId,
    request: wire::PatchWorkflow,
}

impl Change for Patch {
    type Answer = ();

    async fn decide(&self, loaded: &Loaded, given: &Given<'_>) -> Result<Edit<()>, ApiError> {
        let old = &loaded.definition;
        let trigger = self.trigger(old, given)?;
        let retriggered = trigger != Trigger::of(old);
        let mut graph = loaded.graph.as_ref().clone();
        if retriggered {
            graph::rewrite_trigger(&mut graph, &trigger.step_name(), &trigger.step_config(), given.now);
        }
        let definition = self.head(old, trigger)?;
        if definition.enabled && !old.enabled {
            self.make_ready(&mut graph).await?;
        }
        let idle = match retriggered && old.enabled {
            true => Idle::Workflow("The trigger cannot be changed while executions are active"),
            false => Idle::Nothing,
        };
        Ok(Edit { definition, graph: Some(graph), idle, templates: Vec::new(), answer: () })
    }
}

impl Patch {
    fn head(&self, old: &Definition, trigger: Trigger) -> Result<Definition, ApiError> {
        let request = &self.request;
        Ok(Definition {
            name: request.name.clone().unwrap_or_else(|| old.name.clone()),
            description: request.description.clone().unwrap_or_else(|| old.description.clone()),
            enabled: request.enabled.unwrap_or(old.enabled),
            trigger: trigger.kind,
            trigger_config: trigger.config,
            reentry: reentry::wanted(old.reentry, request.reentry, request.allow_reentry)?,
            commit_every_step: request.commit_every_step.unwrap_or(old.commit_every_step),
            ..old.clone()
        })
    }

    /// The trigger that is asked for. Settings that are not sent are kept, unless they are those of another type.
    fn trigger(&self, old: &Definition, given: &Given<'_>) -> Result<Trigger, ApiError> {
        let (kind, config) = (self.request.trigger_type, &self.request.trigger_config);
        if kind.is_none() && config.is_none() {
            return Ok(Trigger::of(old));
        }
        let kind = kind.map_or(old.trigger, TriggerKind::from);
        let kept = old.trigger_config.as_object().filter(|_| kind == old.trigger);
        Trigger::new(kind, config.as_ref().map(|config| &config.0).or(kept), None, given.now)
    }

    /// Checks that every step can run, and pins those whose component is gone to the newest of their type.
    async fn make_ready(&self, graph: &mut Graph) -> Result<(), ApiError> {
        let catalogue = Catalogue::new(self.state.plugins(), self.workspace);
        let mut found = self.missing_templates(graph).await?;
        for step in graph.steps.iter_mut().filter(|step| step.step_type != TRIGGER) {
            if found.len() >= MAX_FIELD_ERRORS {
                break;
            }
            found.extend(not_ready(&catalogue, step).await?);
        }
        if found.is_empty() { Ok(()) } else { Err(ApiError::validation(found)) }
    }

    async fn missing_templates(&self, graph: &Graph) -> Result<Vec<FieldError>, ApiError> {
        let named: Vec<_> = graph.steps.iter().filter_map(|step| Some((step, step.template_id?))).collect();
        let ids: Vec<_> = named.iter().map(|(_, id)| *id).collect();
        let mut conn = self.state.store().reader().await?;
        let known = workflow_admin::template_names(&mut conn, self.workspace, &ids).await?;
        let gone = named.into_iter().filter(|(_, id)| !known.contains_key(id));
        Ok(gone.map(|(step, _)| of_step(step, "templateId", "invalid".into(), "the template is gone")).collect())
    }
}

/// What keeps a step from running.
async fn not_ready(catalogue: &Catalogue, step: &mut Step) -> Result<Vec<FieldError>, ApiError> {
    let Some((digest, descriptor)) = catalogue.of_step(step) else {
        return Ok(vec![of_step(step, "type", "invalid_enum_value".into(), "the step type is not installed")]);
    };
    let problems = config::problems(catalogue, digest, &descriptor, &step.config, Strictness::Complete).await?;
    step.plugin = Some(digest);
    let named = problems.into_iter().map(|problem| of_step(step, &problem.field, problem.code, &problem.message));
    Ok(named.collect())
}

fn of_step(step: &Step, field: &str, code: std::borrow::Cow<'static, str>, message: &str) -> FieldError {
    let message = format!("step {:?} ({}): {message}", step.name, to_wire(&step.step_type));
    FieldError::new(format!("steps.{}.{field}", step.id), code, message)
}
