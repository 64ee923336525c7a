//! `GET /v1/entity/{slug}/{id}`.

use axum::extract::State;
use serde::Serialize;
use stepwell_store::entity;
use utoipa::ToSchema;

use super::summary::{self, WorkflowInEntity, Workflows};
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
    /// The entity.
    entity: Described,
    /// Always empty: entities of this server have no relations.
    #[schema(value_type = Vec<Object>)]
    relations: [(); 0],
}

/// An entity, and what is going on about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DescribedEntity)]
struct Described {
    #[serde(flatten)]
    entity: EntityBody,
    /// The newest flows that are about it: an array for each template by its id, and the main one as `primary`. Absent if there
    /// are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, Vec<WorkflowInEntity>>>)]
    workflows: Option<Workflows>,
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
    let workflows = summary::workflows(&mut conn, key.workspace, &slug, &id).await?;
    let entity = Described { entity: EntityBody::new(key.workspace, entity), workflows };
    Ok(Json(Found { entity, relations: [] }))
}
