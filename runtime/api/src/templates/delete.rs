//! `DELETE /templates/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::TemplateId;
use stepwell_store::template;

use super::wire::{in_use, not_found};
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::At;
use crate::scope::TemplatesWrite;
use crate::state::ApiState;

/// Deletes a template that no workflow step uses.
#[utoipa::path(
    delete, path = "/templates/{id}", tag = "templates", security(("secret_key" = ["templates:write"])),
    params(("id" = Uuid, Path, description = "The template")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "A step of a workflow, or of an execution that still runs, uses it", body = ErrorBody),
    )
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    key: Secret<TemplatesWrite>,
    At(id): At<TemplateId>,
) -> Result<StatusCode, ApiError> {
    let workspace = key.workspace;
    state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                template::get(conn, workspace, id).await?.ok_or_else(not_found)?;
                if template::are_used(conn, workspace, &[id]).await? {
                    return Err(in_use());
                }
                template::delete(conn, workspace, id).await?;
                Ok(())
            })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
