//! `GET /v1/suppressions`.

use axum::extract::State;
use serde::Deserialize;
use stepwell_store::management;
use utoipa::IntoParams;

use super::wire::SuppressionBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::page::{Page, Paging};
use crate::scope::SuppressionsRead;
use crate::state::ApiState;

/// Which addresses.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only those that contain this, in any case.
    #[param(max_length = 255)]
    search: Option<String>,
}

/// Lists suppressed addresses in alphabetical order.
#[utoipa::path(
    get, path = "/v1/suppressions", tag = "messages", security(("secret_key" = ["suppressions:read"])),
    params(Paging, Wanted),
    responses((status = 200, description = "A page of addresses", body = Page<SuppressionBody>))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    key: Secret<SuppressionsRead>,
    Query(paging): Query<Paging>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<SuppressionBody>>, ApiError> {
    let search = wanted.search.as_deref().filter(|text| !text.is_empty());
    let mut conn = state.store().reader().await?;
    let found = management::suppressions(&mut conn, key.workspace, search, paging.size(), paging.offset()).await?;
    Ok(Json(Page::new(found.items.into_iter().map(Into::into).collect(), found.total, paging)))
}
