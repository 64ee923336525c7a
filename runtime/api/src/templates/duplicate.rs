//! `POST /templates/{id}/duplicate`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::{Template, TemplateId};
use stepwell_store::template;

use super::wire::{TemplateBody, not_found};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::TemplatesWrite;
use crate::state::ApiState;
use crate::wire::copy_name;

/// Makes a copy of a template.
#[utoipa::path(
    post, path = "/templates/{id}/duplicate", tag = "templates", security(("secret_key" = ["templates:write"])),
    params(("id" = Uuid, Path, description = "The template")),
    responses((status = 201, description = "The copy", body = TemplateBody))
)]
pub(crate) async fn duplicate(
    State(state): State<ApiState>,
    key: Secret<TemplatesWrite>,
    At(id): At<TemplateId>,
) -> Result<(StatusCode, Json<TemplateBody>), ApiError> {
    let (workspace, now, copy_id) = (key.workspace, state.now(), state.new_id());
    let copy = state
        .store()
        .write::<_, ApiError, _>(move |conn| {
            Box::pin(async move {
                let found = template::get(conn, workspace, id).await?.ok_or_else(not_found)?;
                let name = copy_name(&found.name);
                let copy = Template { id: copy_id, name, created_at: now, updated_at: now, ..found };
                template::insert(conn, &copy).await?;
                Ok(copy)
            })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(copy.into())))
}
