//! `POST /v2/flows/executions:search`.

use axum::extract::State;
use stepwell_core::flow::Surface;
use stepwell_core::{ExecutionId, WorkspaceId};
use stepwell_store::{Conn, flow};

use super::show;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::body::Body;
use crate::flows::wire::execution::{FlowExecution, SearchFlowsReq, SearchFlowsResp};
use crate::scope::FlowsRead;
use crate::state::ApiState;

/// The most executions of an answer.
const MAX_EXECUTIONS: i64 = 1_000;

/// How many tasks an answer may have before it ends, so that it does not grow without bound.
const MAX_TASKS: usize = 20_000;

/// How many executions are read at once.
const AT_ONCE: usize = 20;

/// Finds the executions about an entity, newest first, whatever their status: at most 1,000, or those of 20,000 tasks.
#[utoipa::path(
    post, path = "/v2/flows/executions:search", tag = "flows", security(("secret_key" = ["flows:read"])),
    request_body = SearchFlowsReq,
    responses((status = 200, description = "The executions", body = SearchFlowsResp))
)]
pub(crate) async fn search(
    key: Secret<FlowsRead>,
    State(state): State<ApiState>,
    Body(wanted): Body<SearchFlowsReq>,
) -> Result<Json<SearchFlowsResp>, ApiError> {
    let SearchFlowsReq { entity_id, entity_schema } = wanted;
    let mut conn = state.store().reader().await?;
    let schema = Some(entity_schema.as_str());
    let ids = flow::about(&mut conn, key.workspace, &entity_id, schema, Surface::Flow, MAX_EXECUTIONS).await?;
    Ok(Json(SearchFlowsResp { results: shown(&mut conn, key.workspace, &ids).await? }))
}

/// The executions in this order; as many as an answer may have.
async fn shown(conn: &mut Conn, workspace: WorkspaceId, ids: &[ExecutionId]) -> Result<Vec<FlowExecution>, ApiError> {
    let (mut results, mut tasks) = (Vec::new(), 0);
    for part in ids.chunks(AT_ONCE) {
        for found in flow::load_many(conn, workspace, part).await? {
            tasks += found.people.tasks.len();
            results.push(show::execution(&found));
        }
        if tasks >= MAX_TASKS {
            break;
        }
    }
    Ok(results)
}
