//! `GET /workflows/:id/executions`

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use stepwell_core::{ContactId, Definition, DefinitionId, Execution, Graph};
use stepwell_store::{Conn, Page as StorePage, definition, execution, workflow_admin};

use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json, Query};
use crate::page::Paging;
use crate::scope::WorkflowsRead;
use crate::state::ApiState;
use crate::workflows::wire::execution::{ExecutionFilter, StatusFilter};
use crate::workflows::{edit, map, wire};

/// Lists the executions of a workflow, those started last first.
#[utoipa::path(
    get, path = "/workflows/{id}/executions", tag = "executions", security(("secret_key" = ["workflows:read"])),
    params(("id" = Uuid, Path, description = "The workflow"), Paging, ExecutionFilter),
    responses((status = 200, description = "A page of them", body = wire::ExecutionPage))
)]
pub(crate) async fn list(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    At(id): At<DefinitionId>,
    Query(paging): Query<Paging>,
    Query(filter): Query<ExecutionFilter>,
) -> Result<Json<wire::ExecutionPage>, ApiError> {
    let mut conn = state.store().reader().await?;
    let head = edit::head(&mut conn, access.workspace, id).await?;
    let found = page(&mut conn, &head, paging, filter.status).await?;
    let executions = shown(&mut conn, &head, found.items).await?;
    Ok(Json(wire::ExecutionPage {
        executions,
        total: found.total,
        page: paging.page(),
        page_size: paging.size(),
        total_pages: paging.pages(found.total),
    }))
}

async fn page(
    conn: &mut Conn,
    head: &Definition,
    paging: Paging,
    filter: Option<StatusFilter>,
) -> Result<StorePage<Execution>, ApiError> {
    let statuses = filter.map(StatusFilter::statuses);
    if statuses.as_ref().is_some_and(Vec::is_empty) {
        return Ok(StorePage { items: Vec::new(), total: 0 });
    }
    let statuses = statuses.unwrap_or_default();
    Ok(execution::page(conn, head.workspace_id, head.id, &statuses, paging.page(), paging.size()).await?)
}

async fn shown(
    conn: &mut Conn,
    head: &Definition,
    executions: Vec<Execution>,
) -> Result<Vec<wire::ListedExecution>, ApiError> {
    let contacts: Vec<_> = executions.iter().filter_map(|execution| execution.contact_id).collect();
    let addresses = workflow_admin::addresses(conn, head.workspace_id, &contacts).await?;
    let mut graphs: HashMap<u32, Option<Arc<Graph>>> = HashMap::new();
    let mut items = Vec::with_capacity(executions.len());
    for execution in executions {
        let version = execution.definition_version;
        if execution.current_step_id.is_some() && !graphs.contains_key(&version) {
            graphs.insert(version, definition::graph(conn, head.workspace_id, head.id, version).await?);
        }
        let graph = graphs.get(&version).and_then(Option::as_deref);
        items.push(wire::ListedExecution {
            execution: map::execution(&execution),
            contact: contact(&addresses, execution.contact_id),
            current_step: execution.current_step_id.and_then(|id| map::step_ref(graph, id)),
        });
    }
    Ok(items)
}

/// A contact by its address, if it still exists.
pub(super) fn contact(addresses: &HashMap<ContactId, String>, id: Option<ContactId>) -> Option<wire::ContactRef> {
    let id = id?;
    Some(wire::ContactRef { id: id.0, email: addresses.get(&id)?.clone() })
}
