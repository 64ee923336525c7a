//! `GET /templates/{id}/usage`.

use axum::extract::State;
use serde::Serialize;
use stepwell_core::TemplateId;
use stepwell_store::template;
use utoipa::ToSchema;

use super::wire::not_found;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::TemplatesRead;
use crate::state::ApiState;

/// Who uses a template.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateUsage {
    /// Steps of workflows.
    workflow_steps: u64,
    /// Messages made from it that a mail server took.
    emails_sent: u64,
}

/// Who uses a template.
#[utoipa::path(
    get, path = "/templates/{id}/usage", tag = "templates", security(("secret_key" = ["templates:read"])),
    params(("id" = Uuid, Path, description = "The template")),
    responses((status = 200, description = "Its use", body = TemplateUsage))
)]
pub(crate) async fn usage(
    State(state): State<ApiState>,
    key: Secret<TemplatesRead>,
    At(id): At<TemplateId>,
) -> Result<Json<TemplateUsage>, ApiError> {
    let mut conn = state.store().reader().await?;
    template::get(&mut conn, key.workspace, id).await?.ok_or_else(not_found)?;
    let usage = template::usage(&mut conn, key.workspace, id).await?;
    Ok(Json(TemplateUsage { workflow_steps: usage.steps, emails_sent: usage.sent }))
}
