//! `GET /templates/{id}`.

use axum::extract::State;
use stepwell_core::TemplateId;
use stepwell_store::template;

use super::wire::{TemplateBody, not_found};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::TemplatesRead;
use crate::state::ApiState;

/// One template.
#[utoipa::path(
    get, path = "/templates/{id}", tag = "templates", security(("secret_key" = ["templates:read"])),
    params(("id" = Uuid, Path, description = "The template")),
    responses((status = 200, description = "The template", body = TemplateBody))
)]
pub(crate) async fn get(
    State(state): State<ApiState>,
    key: Secret<TemplatesRead>,
    At(id): At<TemplateId>,
) -> Result<Json<TemplateBody>, ApiError> {
    let mut conn = state.store().reader().await?;
    let found = template::get(&mut conn, key.workspace, id).await?;
    Ok(Json(found.ok_or_else(not_found)?.into()))
}
