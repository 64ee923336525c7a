//! `POST /workflows/:id/transitions/:transitionId/insert-step`

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::{DefinitionId, Given, Step, TransitionId};

use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::config::{Catalogue, Strictness};
use crate::workflows::edit::{self, Change, Edit, Loaded};
use crate::workflows::steps::add::with_template;
use crate::workflows::steps::build::{NewStep, new_step};
use crate::workflows::{graph, map, wire};

/// Puts a new step into a transition.
///
/// The transition then leads to the step, and a new one from there to the old target. A CONDITION goes on by its first branch.
#[utoipa::path(
    post, path = "/workflows/{id}/transitions/{transitionId}/insert-step", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(
        ("id" = Uuid, Path, description = "The workflow"),
        ("transitionId" = Uuid, Path, description = "The transition"),
    ),
    request_body = wire::InsertStep,
    responses(
        (status = 201, description = "The step", body = wire::Step),
        (status = 409, description = "The workflow is being changed by others", body = ErrorBody),
    )
)]
pub(crate) async fn insert_step(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At((id, transition)): At<(DefinitionId, TransitionId)>,
    Json(request): Json<wire::InsertStep>,
) -> Result<(StatusCode, Json<wire::Step>), ApiError> {
    let catalogue = Catalogue::new(state.plugins(), access.workspace);
    let change = Insert { catalogue, into: transition, request };
    let (definition, step) = edit::apply(&state, access.workspace, id, &change).await?;
    Ok((StatusCode::CREATED, Json(map::step(definition.id, &step))))
}

struct Insert {
    catalogue: Catalogue,
    into: TransitionId,
    request: wire::InsertStep,
}

impl Change for Insert {
    type Answer = Step;

    async fn decide(&self, loaded: &Loaded, given: &Given<'_>) -> Result<Edit<Step>, ApiError> {
        graph::transition(&loaded.graph, self.into)?;
        let request = &self.request;
        let new = NewStep {
            step_type: &request.step_type,
            name: &request.name,
            position: request.position.unwrap_or_default(),
            config: &request.config,
            template: request.template_id.into(),
            retry: request.retry,
        };
        let strictness = Strictness::of(loaded.definition.enabled);
        let step = new_step(&self.catalogue, new, strictness, given).await?;
        let mut graph = loaded.graph.as_ref().clone();
        graph::insert_step(&mut graph, self.into, step.clone(), &|step| self.catalogue.branches(step), given)?;
        Ok(with_template(Edit::graph(loaded, graph, step.clone()), &step))
    }
}
