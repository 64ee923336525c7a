//! `GET /templates`.

use axum::extract::State;
use serde::Deserialize;
use stepwell_store::template::{self, TemplateQuery, TemplateSort};
use utoipa::{IntoParams, ToSchema};

use super::wire::{Kind, TemplateBody};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::page::{Direction, Page, Paging};
use crate::scope::TemplatesRead;
use crate::state::ApiState;

/// Which templates, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only those with this in their name, description or subject, in any case.
    #[param(max_length = 255)]
    search: Option<String>,
    /// Only those of this type.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<Kind>,
    /// By what they are sorted.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// In which direction.
    #[serde(default)]
    #[param(inline)]
    dir: Direction,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Sort {
    Name,
    #[default]
    CreatedAt,
    UpdatedAt,
}

/// Lists templates.
#[utoipa::path(
    get, path = "/templates", tag = "templates", security(("secret_key" = ["templates:read"])),
    params(Paging, Wanted),
    responses((status = 200, description = "A page of templates", body = Page<TemplateBody>))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    key: Secret<TemplatesRead>,
    Query(paging): Query<Paging>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<TemplateBody>>, ApiError> {
    let query = TemplateQuery {
        search: wanted.search.filter(|text| !text.is_empty()),
        kind: wanted.kind.map(Into::into),
        sort: match wanted.sort {
            Sort::Name => TemplateSort::Name,
            Sort::CreatedAt => TemplateSort::CreatedAt,
            Sort::UpdatedAt => TemplateSort::UpdatedAt,
        },
        direction: wanted.dir.into(),
        limit: paging.size(),
        offset: paging.offset(),
    };
    let mut conn = state.store().reader().await?;
    let found = template::page(&mut conn, key.workspace, &query).await?;
    Ok(Json(Page::new(found.items.into_iter().map(Into::into).collect(), found.total, paging)))
}
