//! `PATCH /workflows/:id/steps/:stepId`

use axum::extract::State;
use serde_json::{Map, Value};
use stepwell_core::{DefinitionId, Given, Step, StepId, TRIGGER};

use super::add::with_template;
use super::build::{check, position, retry};
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::config::{Catalogue, Strictness};
use crate::workflows::edit::{self, Change, Edit, Loaded};
use crate::workflows::{graph, map, wire};

/// Changes a step.
///
/// Allowed while executions are active: they stay on the version of the graph that they started with.
#[utoipa::path(
    patch, path = "/workflows/{id}/steps/{stepId}", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow"), ("stepId" = Uuid, Path, description = "The step")),
    request_body = wire::PatchStep,
    responses(
        (status = 200, description = "The step as it is now", body = wire::Step),
        (status = 409, description = "The workflow is being changed by others", body = ErrorBody),
    )
)]
pub(crate) async fn patch(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At((id, step)): At<(DefinitionId, StepId)>,
    Json(request): Json<wire::PatchStep>,
) -> Result<Json<wire::Step>, ApiError> {
    let change = Patch { catalogue: Catalogue::new(state.plugins(), access.workspace), step, request };
    let (definition, step) = edit::apply(&state, access.workspace, id, &change).await?;
    Ok(Json(map::step(definition.id, &step)))
}

struct Patch {
    catalogue: Catalogue,
    step: StepId,
    request: wire::PatchStep,
}

impl Change for Patch {
    type Answer = Step;

    async fn decide(&self, loaded: &Loaded, given: &Given<'_>) -> Result<Edit<Step>, ApiError> {
        let old = graph::step(&loaded.graph, self.step)?;
        let mut new = self.plain(old)?;
        let configured = self.request.config.is_some() || self.request.template_id.is_some();
        if old.step_type == TRIGGER {
            self.leaves_trigger(old)?;
        } else if configured {
            self.configure(&mut new, Strictness::of(loaded.definition.enabled)).await?;
        }
        if new != *old {
            new.updated_at = given.now;
        }
        let mut graph = loaded.graph.as_ref().clone();
        graph.steps.iter_mut().filter(|step| step.id == new.id).for_each(|step| step.clone_from(&new));
        let edit = Edit::graph(loaded, graph, new.clone());
        Ok(if configured { with_template(edit, &new) } else { edit })
    }
}

impl Patch {
    /// The step with everything changed that no component has a say in.
    fn plain(&self, old: &Step) -> Result<Step, ApiError> {
        let mut new = old.clone();
        if let Some(name) = &self.request.name {
            new.name.clone_from(name);
        }
        if let Some(wire) = self.request.position {
            new.position = position(wire);
        }
        if let Some(wire) = self.request.retry {
            new.retry = wire.map(retry).transpose()?;
        }
        Ok(new)
    }

    /// The trigger step follows the workflow's trigger and has nothing of its own to configure.
    fn leaves_trigger(&self, old: &Step) -> Result<(), ApiError> {
        let same = self.request.config.as_ref().is_none_or(|config| Some(&config.0) == old.config.as_object());
        if same && self.request.template_id.flatten().is_none() && self.request.retry.flatten().is_none() {
            return Ok(());
        }
        Err(ApiError::bad_request("The TRIGGER step follows the workflow; change its triggerConfig instead"))
    }

    async fn configure(&self, step: &mut Step, strictness: Strictness) -> Result<(), ApiError> {
        let (digest, descriptor) = self.catalogue.newest(&step.step_type)?;
        let config = match &self.request.config {
            Some(config) => config.0.clone(),
            None => step.config.as_object().cloned().unwrap_or_else(Map::<String, Value>::new),
        };
        let template = (self.request.template_id.into(), step.template_id);
        let checked = check(&self.catalogue, (digest, &descriptor), config, template, strictness).await?;
        step.config = checked.config;
        step.template_id = checked.template;
        step.plugin = Some(digest);
        Ok(())
    }
}
