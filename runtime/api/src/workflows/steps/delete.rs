//! `DELETE /workflows/:id/steps/:stepId`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use stepwell_core::{DefinitionId, Given, Step, StepId};
use utoipa::IntoParams;

use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json, Query};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::edit::{self, Change, Edit, Idle, Loaded};
use crate::workflows::graph::{self, Removal};
use crate::workflows::step_type::to_wire;
use crate::workflows::wire;

/// What goes with a step; by default its transitions and nothing else.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct What {
    /// Removes everything that only this step leads to as well, and answers with what was removed.
    #[serde(default)]
    #[param(default = false)]
    cascade: bool,
    /// Lets the transitions that lead to the step lead to its first child.
    #[serde(default)]
    #[param(default = false)]
    splice: bool,
}

impl What {
    fn removal(&self) -> Result<Removal, ApiError> {
        match (self.cascade, self.splice) {
            (false, false) => Ok(Removal::Step),
            (true, false) => Ok(Removal::Cascade),
            (false, true) => Ok(Removal::Splice),
            (true, true) => Err(ApiError::field("splice", "invalid", "cannot be combined with cascade")),
        }
    }
}

/// Deletes a step and its transitions.
///
/// The TRIGGER step cannot be deleted, and a CONDITION step cannot be spliced out. Refused with 409 while the workflow is enabled
/// and active executions stand on what would go.
#[utoipa::path(
    delete, path = "/workflows/{id}/steps/{stepId}", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow"), ("stepId" = Uuid, Path, description = "The step"), What),
    responses(
        (status = 200, description = "What was removed, if `cascade` was asked for", body = wire::RemovedSteps),
        (status = 204, description = "It is gone"),
        (status = 400, description = "This step cannot be deleted in this way", body = ErrorBody),
        (status = 409, description = "Active executions stand on it", body = ErrorBody),
    )
)]
pub(crate) async fn delete(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At((id, step)): At<(DefinitionId, StepId)>,
    Query(what): Query<What>,
) -> Result<Response, ApiError> {
    let change = Delete { step, how: what.removal()? };
    let (_, removed) = edit::apply(&state, access.workspace, id, &change).await?;
    match change.how {
        Removal::Step | Removal::Splice => Ok(StatusCode::NO_CONTENT.into_response()),
        Removal::Cascade => Ok(Json(list(removed)).into_response()),
    }
}

fn list(removed: Vec<Step>) -> wire::RemovedSteps {
    let removed = removed.into_iter().map(|step| wire::RemovedStep {
        id: step.id.0,
        step_type: to_wire(&step.step_type),
        name: step.name,
    });
    wire::RemovedSteps { removed: removed.collect() }
}

struct Delete {
    step: StepId,
    how: Removal,
}

impl Change for Delete {
    type Answer = Vec<Step>;

    async fn decide(&self, loaded: &Loaded, given: &Given<'_>) -> Result<Edit<Vec<Step>>, ApiError> {
        let mut graph = loaded.graph.as_ref().clone();
        let removed = graph::remove_step(&mut graph, self.step, self.how, given.now)?;
        let on = removed.iter().map(|step| step.id).collect();
        let idle = if loaded.definition.enabled { Idle::Steps(on) } else { Idle::Nothing };
        Ok(Edit { idle, ..Edit::graph(loaded, graph, removed) })
    }
}
