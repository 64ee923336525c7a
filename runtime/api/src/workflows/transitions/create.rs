//! `POST /workflows/:id/transitions`

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use stepwell_core::{DefinitionId, Given};

use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::config::Catalogue;
use crate::workflows::edit::{self, Change, Edit, Loaded};
use crate::workflows::graph::{self, Wish};
use crate::workflows::{map, wire};

/// Draws a transition.
///
/// The graph stays free of cycles, and no step has two transitions for the same case. A CONDITION has a transition for each of its
/// branches (`{"branch": "yes"}`, `{"branch": "no"}`, or the ids of its branches and `default`; `true` and `false` are taken for yes
/// and no). A WAIT_FOR_EVENT has one for its event and one for its timeout (`waitOutcome`), or one for both. Every step that can fail
/// may have one with `{"branch": "error"}`, which is followed once it has failed for good.
#[utoipa::path(
    post, path = "/workflows/{id}/transitions", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    request_body = wire::CreateTransition,
    responses(
        (status = 201, description = "The transition", body = wire::Transition),
        (status = 400, description = "The graph does not allow it: a cycle, a second one for the same case, …", body = ErrorBody),
        (status = 409, description = "The workflow is being changed by others", body = ErrorBody),
    )
)]
pub(crate) async fn create(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
    Json(request): Json<wire::CreateTransition>,
) -> Result<(StatusCode, Json<wire::Transition>), ApiError> {
    let catalogue = Catalogue::new(state.plugins(), access.workspace);
    let condition = request.condition.clone().map(|condition| Value::Object(condition.0));
    let change = Create { catalogue, request, condition };
    let (_, transition) = edit::apply(&state, access.workspace, id, &change).await?;
    Ok((StatusCode::CREATED, Json(transition)))
}

struct Create {
    catalogue: Catalogue,
    request: wire::CreateTransition,
    condition: Option<Value>,
}

impl Change for Create {
    type Answer = wire::Transition;

    async fn decide(&self, loaded: &Loaded, given: &Given<'_>) -> Result<Edit<wire::Transition>, ApiError> {
        let wish = Wish {
            from: self.request.from_step_id.into(),
            to: self.request.to_step_id.into(),
            condition: self.condition.as_ref(),
            wait_outcome: self.request.wait_outcome,
            priority: self.request.priority.unwrap_or(0),
        };
        let mut graph = loaded.graph.as_ref().clone();
        let new = graph::connect(&mut graph, &wish, &|step| self.catalogue.branches(step), given)?;
        let answer = map::transition(&graph, &new);
        Ok(Edit::graph(loaded, graph, answer))
    }
}
