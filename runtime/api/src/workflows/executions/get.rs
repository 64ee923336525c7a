//! `GET /workflows/:id/executions/:executionId`

use axum::extract::State;
use stepwell_core::{DefinitionId, ExecutionId};
use stepwell_store::{definition, execution, workflow_admin};

use super::find;
use super::list::contact;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsRead;
use crate::state::ApiState;
use crate::workflows::{edit, map, wire};

/// Shows an execution with every visit to a step.
#[utoipa::path(
    get, path = "/workflows/{id}/executions/{executionId}", tag = "executions", security(("secret_key" = ["workflows:read"])),
    params(
        ("id" = Uuid, Path, description = "The workflow"),
        ("executionId" = Uuid, Path, description = "The execution"),
    ),
    responses((status = 200, description = "The execution", body = wire::ExecutionDetail))
)]
pub(crate) async fn get(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    At((id, execution)): At<(DefinitionId, ExecutionId)>,
) -> Result<Json<wire::ExecutionDetail>, ApiError> {
    let (workspace, mut conn) = (access.workspace, state.store().reader().await?);
    let head = edit::head(&mut conn, workspace, id).await?;
    let found = find(&mut conn, workspace, head.id, execution).await?;
    let graph = definition::graph(&mut conn, workspace, head.id, found.definition_version).await?;
    let graph = graph.as_deref();
    let contacts: Vec<_> = found.contact_id.into_iter().collect();
    let addresses = workflow_admin::addresses(&mut conn, workspace, &contacts).await?;
    let visits = execution::visits(&mut conn, workspace, found.id).await?;
    Ok(Json(wire::ExecutionDetail {
        execution: map::execution(&found),
        workflow: map::workflow(&head),
        contact: contact(&addresses, found.contact_id),
        current_step: found.current_step_id.and_then(|id| map::step_ref(graph, id)),
        step_executions: visits.into_iter().map(|visit| map::step_execution(visit, graph)).collect(),
    }))
}
