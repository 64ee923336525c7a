//! `POST /workflows/bulk-update`

use axum::extract::State;
use stepwell_core::{DefinitionId, WorkspaceId};
use stepwell_store::workflow_admin;

use super::delete::delete_idle;
use super::edit;
use crate::auth::Secret;
use crate::bulk::{BulkDone, BulkUpdate};
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::WorkflowsWrite;
use crate::state::ApiState;

/// Deletes several workflows: all of them, or none if one is unknown or has active executions.
#[utoipa::path(
    post, path = "/workflows/bulk-update", tag = "workflows", security(("secret_key" = ["workflows:write"])),
    request_body = BulkUpdate,
    responses(
        (status = 200, description = "How many were done", body = BulkDone),
        (status = 404, description = "One of them does not exist", body = ErrorBody),
        (status = 409, description = "One of them has active executions", body = ErrorBody),
    )
)]
pub(crate) async fn bulk_update(
    access: Secret<WorkflowsWrite>,
    State(state): State<ApiState>,
    Json(request): Json<BulkUpdate>,
) -> Result<Json<BulkDone>, ApiError> {
    let ids: Vec<DefinitionId> = request.ids();
    if request.delete {
        let count = ids.len();
        delete(&state, access.workspace, ids).await?;
        return Ok(Json(BulkDone::deleted(count)));
    }
    let found = workflow_admin::existing(&mut state.store().reader().await?, access.workspace, &ids).await?;
    if found == ids.len() as u64 { Ok(Json(BulkDone::updated(0))) } else { Err(edit::not_found()) }
}

async fn delete(state: &ApiState, workspace: WorkspaceId, ids: Vec<DefinitionId>) -> Result<(), ApiError> {
    let now = state.now();
    state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                for id in ids {
                    delete_idle(conn, workspace, id, now).await?;
                }
                Ok(())
            })
        })
        .await?;
    state.engine().schedules_changed();
    Ok(())
}
