//! `GET /v1/entity/{slug}/{id}`.

use axum::extract::State;
use serde::Serialize;
use stepwell_store::entity;
use utoipa::ToSchema;

use super::wire::{self, EntityBody};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::EntitiesRead;
use crate::state::ApiState;

/// An entity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundEntity)]
pub(crate) struct Found {
    /// The entity. Its `workflows` say which flows are about it: an array for each template by its id, and `primary`.
    entity: EntityBody,
    /// Always empty: entities of this server have no relations.
    #[schema(value_type = Vec<Object>)]
    relations: [(); 0],
}

/// Shows an entity.
#[utoipa::path(
    get, path = "/v1/entity/{slug}/{id}", tag = "entities", security(("secret_key" = ["entities:read"])),
    params(("slug" = String, Path, description = "Of which schema"), ("id" = String, Path, description = "Which one")),
    responses((status = 200, description = "The entity", body = Found))
)]
pub(crate) async fn get(
    key: Secret<EntitiesRead>,
    State(state): State<ApiState>,
    At((slug, id)): At<(String, String)>,
) -> Result<Json<Found>, ApiError> {
    let (slug, id) = (wire::known_slug(slug)?, wire::id(&id)?.to_string());
    let mut conn = state.store().reader().await?;
    let entity = entity::get(&mut conn, key.workspace, &slug, &id).await?.ok_or_else(|| wire::unknown(&id))?;
    Ok(Json(Found { entity: EntityBody::new(key.workspace, entity), relations: [] }))
}
