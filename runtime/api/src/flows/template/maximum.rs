//! `GET /v1/workflows/limits/max-allowed`.

use axum::extract::State;

use super::store::{MAX_DEFINITIONS, count};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::wire::definition::MaxAllowedLimit;
use crate::scope::FlowTemplatesRead;
use crate::state::ApiState;

/// How many templates and definitions there are, and how many there may be.
#[utoipa::path(
    get, path = "/v1/workflows/limits/max-allowed", tag = "flow templates",
    security(("secret_key" = ["flow-templates:read"])),
    responses((status = 200, description = "The numbers", body = MaxAllowedLimit))
)]
pub(crate) async fn maximum(
    State(state): State<ApiState>,
    key: Secret<FlowTemplatesRead>,
) -> Result<Json<MaxAllowedLimit>, ApiError> {
    let current_no_of_workflows = count(&mut state.store().reader().await?, key.workspace).await?;
    Ok(Json(MaxAllowedLimit { current_no_of_workflows, max_allowed: MAX_DEFINITIONS.into() }))
}
