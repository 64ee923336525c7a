//! `PATCH /v1/entity/{slug}/{id}`.

use axum::extract::State;

use super::wire::{self, EntityBody};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::body::Body;
use crate::flows::wire::common::ErrorResp;
use crate::scope::EntitiesWrite;
use crate::state::ApiState;
use crate::wire::JsonObject;

/// Changes attributes of an entity: those that are sent; null removes one. Flows that wait for a change of it look again.
#[utoipa::path(
    patch, path = "/v1/entity/{slug}/{id}", tag = "entities", security(("secret_key" = ["entities:write"])),
    params(("slug" = String, Path, description = "Of which schema"), ("id" = String, Path, description = "Which one")),
    request_body = JsonObject,
    responses(
        (status = 200, description = "The entity as it is now", body = EntityBody),
        (status = 409, description = "Another contact has the address", body = ErrorResp),
    )
)]
pub(crate) async fn patch(
    key: Secret<EntitiesWrite>,
    State(state): State<ApiState>,
    At((slug, id)): At<(String, String)>,
    Body(sent): Body<JsonObject>,
) -> Result<Json<EntityBody>, ApiError> {
    let (slug, id) = (wire::known_slug(slug)?, wire::id(&id)?);
    let change = wire::change(&slug, sent)?;
    let entity = state.engine().patch_entity(key.workspace, slug, id, change).await?;
    Ok(Json(EntityBody::new(key.workspace, entity)))
}
