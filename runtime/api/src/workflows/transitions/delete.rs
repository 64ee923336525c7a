//! `DELETE /workflows/:id/transitions/:transitionId`

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::{DefinitionId, Given, TransitionId};

use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::At;
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;
use crate::workflows::edit::{self, Change, Edit, Idle, Loaded};
use crate::workflows::graph;

/// Deletes a transition.
///
/// Refused with 409 while the workflow is enabled and active executions stand on the step it leads to, or below.
#[utoipa::path(
    delete, path = "/workflows/{id}/transitions/{transitionId}", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    params(
        ("id" = Uuid, Path, description = "The workflow"),
        ("transitionId" = Uuid, Path, description = "The transition"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "Active executions stand below it", body = ErrorBody),
    )
)]
pub(crate) async fn delete(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    At((id, transition)): At<(DefinitionId, TransitionId)>,
) -> Result<StatusCode, ApiError> {
    edit::apply(&state, access.workspace, id, &Delete(transition)).await?;
    Ok(StatusCode::NO_CONTENT)
}

struct Delete(TransitionId);

impl Change for Delete {
    type Answer = ();

    async fn decide(&self, loaded: &Loaded, _: &Given<'_>) -> Result<Edit<()>, ApiError> {
        let target = graph::transition(&loaded.graph, self.0)?.to;
        let mut graph = loaded.graph.as_ref().clone();
        graph::disconnect(&mut graph, self.0)?;
        let below = || Idle::Steps(loaded.graph.reachable(target));
        let idle = if loaded.definition.enabled { below() } else { Idle::Nothing };
        Ok(Edit { idle, ..Edit::graph(loaded, graph, ()) })
    }
}
