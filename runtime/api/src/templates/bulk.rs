//! `POST /templates/bulk-update`.

use axum::extract::State;
use stepwell_core::{TemplateId, WorkspaceId};
use stepwell_store::{Conn, template};

use super::wire::{in_use, not_found};
use crate::auth::Secret;
use crate::bulk::{BulkDone, BulkUpdate};
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::TemplatesWrite;
use crate::state::ApiState;

/// Deletes several templates, or none if one of them is unknown or used.
#[utoipa::path(
    post, path = "/templates/bulk-update", tag = "templates", security(("secret_key" = ["templates:write"])),
    responses(
        (status = 200, description = "Done", body = BulkDone),
        (status = 404, description = "One of them is unknown; nothing was changed", body = ErrorBody),
        (status = 409, description = "A workflow step uses one of them; nothing was changed", body = ErrorBody),
    )
)]
pub(crate) async fn bulk_update(
    State(state): State<ApiState>,
    key: Secret<TemplatesWrite>,
    Json(wanted): Json<BulkUpdate>,
) -> Result<Json<BulkDone>, ApiError> {
    let (workspace, delete) = (key.workspace, wanted.delete);
    let ids: Vec<TemplateId> = wanted.ids();
    let done = state
        .store()
        .write::<_, ApiError, _>(move |conn| Box::pin(async move { change(conn, workspace, &ids, delete).await }))
        .await?;
    Ok(Json(done))
}

async fn change(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[TemplateId],
    delete: bool,
) -> Result<BulkDone, ApiError> {
    for id in ids {
        template::get(conn, workspace, *id).await?.ok_or_else(not_found)?;
    }
    if !delete {
        return Ok(BulkDone::updated(0));
    }
    if template::are_used(conn, workspace, ids).await? {
        return Err(in_use());
    }
    for id in ids {
        template::delete(conn, workspace, *id).await?;
    }
    Ok(BulkDone::deleted(ids.len()))
}
