//! `GET /workflows/:id/executions/:executionId/journal`

use axum::extract::State;
use stepwell_core::{DefinitionId, ExecutionId};
use stepwell_store::journal as stored;

use super::find;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json, Query};
use crate::scope::WorkflowsRead;
use crate::state::ApiState;
use crate::workflows::wire::journal::JournalQuery;
use crate::workflows::{edit, map, wire};

/// Lists what happened to an execution, in order. To follow it, ask again with `after` set to the last number seen.
#[utoipa::path(
    get, path = "/workflows/{id}/executions/{executionId}/journal", tag = "executions", security(("secret_key" = ["workflows:read"])),
    params(
        ("id" = Uuid, Path, description = "The workflow"),
        ("executionId" = Uuid, Path, description = "The execution"),
        JournalQuery,
    ),
    responses((status = 200, description = "The next entries", body = wire::Journal))
)]
pub(crate) async fn journal(
    access: Secret<WorkflowsRead>,
    State(state): State<ApiState>,
    At((id, execution)): At<(DefinitionId, ExecutionId)>,
    Query(query): Query<JournalQuery>,
) -> Result<Json<wire::Journal>, ApiError> {
    let mut conn = state.store().reader().await?;
    let head = edit::head(&mut conn, access.workspace, id).await?;
    let found = find(&mut conn, access.workspace, head.id, execution).await?;
    let entries = stored::page(&mut conn, access.workspace, found.id, query.after, i64::from(query.limit)).await?;
    let last = entries.last().map_or(query.after, |entry| entry.number);
    Ok(Json(wire::Journal {
        has_more: last < found.journal_length,
        entries: entries.into_iter().map(map::journal_entry).collect(),
    }))
}
