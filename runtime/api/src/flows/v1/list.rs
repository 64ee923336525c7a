//! `GET /v1/workflows/executions`.

use axum::extract::State;
use stepwell_core::flow::Surface;
use stepwell_core::{ExecutionId, WorkspaceId};
use stepwell_store::Conn;
use stepwell_store::flow::{self, ListQuery};

use super::show::{self, Detail, Shown};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::flows::wire::v1::{ListExecutions, WorkflowExecution};
use crate::scope::FlowsRead;
use crate::state::ApiState;

/// The most executions of an answer.
const MAX_EXECUTIONS: i64 = 1_000;

/// How many steps an answer may have before it ends, so that it does not grow without bound.
const MAX_STEPS: usize = 20_000;

/// How many executions are read at once.
const AT_ONCE: usize = 50;

/// Lists executions, newest first, at most 1,000 or those of 20,000 steps: all, or those about an entity or about entities of a
/// schema.
#[utoipa::path(
    get, path = "/v1/workflows/executions", tag = "checklists", security(("secret_key" = ["flows:read"])),
    params(ListExecutions),
    responses((status = 200, description = "The executions, without details of steps", body = Vec<WorkflowExecution>))
)]
pub(crate) async fn list(
    key: Secret<FlowsRead>,
    State(state): State<ApiState>,
    Query(wanted): Query<ListExecutions>,
) -> Result<Json<Vec<WorkflowExecution>>, ApiError> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (entity, schema) = (given(&wanted.context), given(&wanted.schema));
    let query = ListQuery {
        surface: Some(Surface::Checklist),
        entity: entity.as_deref(),
        schema: schema.as_deref(),
        limit: MAX_EXECUTIONS,
    };
    let mut conn = state.store().reader().await?;
    let ids = flow::list(&mut conn, key.workspace, &query).await?;
    Ok(Json(slim(&mut conn, key.workspace, &ids).await?))
}

/// Executions without details of steps, in this order; as many as an answer may have.
pub(super) async fn slim(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[ExecutionId],
) -> Result<Vec<WorkflowExecution>, ApiError> {
    let (mut executions, mut steps) = (Vec::with_capacity(ids.len()), 0);
    for part in ids.chunks(AT_ONCE) {
        for found in flow::load_many(conn, workspace, part).await? {
            let (flow, tasks) = (&found.people.flow, &found.people.tasks[..]);
            let of = Shown { flow, tasks, graph: &found.graph, version: found.execution.row_version };
            executions.push(show::execution(&of, Detail::Slim));
            steps += tasks.len();
        }
        if steps >= MAX_STEPS {
            break;
        }
    }
    Ok(executions)
}
