//! `GET /workflows/:id`

use axum::extract::State;
use stepwell_core::{DefinitionId, Graph, WorkspaceId};
use stepwell_store::{Conn, workflow_admin};

use super::{edit, map, wire};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::WorkflowsRead;
use crate::state::ApiState;

/// Shows a workflow with its steps and transitions.
#[utoipa::path(
    get, path = "/workflows/{id}", tag = "workflows", security(("secret_key" = ["workflows:read"])),
    params(("id" = Uuid, Path, description = "The workflow")),
    responses((status = 200, description = "The workflow", body = wire::WorkflowDetail))
)]
pub(crate) async fn get(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
) -> Result<Json<wire::WorkflowDetail>, ApiError> {
    let mut conn = state.store().reader().await?;
    let loaded = edit::load(&mut conn, access.workspace, id).await?;
    let steps = steps(&mut conn, access.workspace, loaded.definition.id, &loaded.graph).await?;
    Ok(Json(wire::WorkflowDetail { workflow: map::workflow(&loaded.definition), steps }))
}

/// The steps of a graph with the names of their templates.
pub(super) async fn steps(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    graph: &Graph,
) -> Result<Vec<wire::DetailedStep>, ApiError> {
    let templates: Vec<_> = graph.steps.iter().filter_map(|step| step.template_id).collect();
    let names = workflow_admin::template_names(conn, workspace, &templates).await?;
    Ok(map::detailed_steps(id, graph, &names))
}
