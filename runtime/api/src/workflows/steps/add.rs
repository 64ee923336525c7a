//! `POST /workflows/:id/steps`

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::{DefinitionId, Given};

use super::build::{NewStep, new_step};
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::config::{Catalogue, Strictness};
use crate::workflows::edit::{self, Change, Edit, Loaded};
use crate::workflows::{graph, map, wire};

/// Adds a step.
///
/// The configuration is checked against the JSON Schema of the step type and by its component; while the workflow is disabled,
/// members may still be missing. `autoConnect` draws a transition from the newest step that leads nowhere and may lead on without
/// a condition: never from an EXIT or a CONDITION.
#[utoipa::path(
    post, path = "/workflows/{id}/steps", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    request_body = wire::AddStep,
    responses(
        (status = 201, description = "The step", body = wire::Step),
        (status = 409, description = "The workflow is being changed by others", body = ErrorBody),
    )
)]
pub(crate) async fn add(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
    Json(request): Json<wire::AddStep>,
) -> Result<(StatusCode, Json<wire::Step>), ApiError> {
    let change = Add { catalogue: Catalogue::new(state.plugins(), access.workspace), request };
    let (definition, step) = edit::apply(&state, access.workspace, id, &change).await?;
    Ok((StatusCode::CREATED, Json(map::step(definition.id, &step))))
}

struct Add {
    catalogue: Catalogue,
    request: wire::AddStep,
}

impl Change for Add {
    type Answer = stepwell_core::Step;

    async fn decide(&self, loaded: &Loaded, given: &Given<'_>) -> Result<Edit<Self::Answer>, ApiError> {
        let request = &self.request;
        let new = NewStep {
            step_type: &request.step_type,
            name: &request.name,
            position: request.position,
            config: &request.config,
            template: request.template_id.into(),
            retry: request.retry,
        };
        let strictness = Strictness::of(loaded.definition.enabled);
        let step = new_step(&self.catalogue, new, strictness, given).await?;
        let mut graph = loaded.graph.as_ref().clone();
        let connect = request.auto_connect.unwrap_or(true);
        graph::add_step(&mut graph, step.clone(), connect, &|step| self.catalogue.branches(step), given)?;
        Ok(with_template(Edit::graph(loaded, graph, step.clone()), &step))
    }
}

/// The edit, which also needs the template of the step it writes.
pub(crate) fn with_template<T>(edit: Edit<T>, step: &stepwell_core::Step) -> Edit<T> {
    Edit { templates: step.template_id.into_iter().collect(), ..edit }
}
