//! `POST /v1/entity/{slug}`.

use axum::extract::State;
use axum::http::StatusCode;

use super::wire::{self, EntityBody};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::body::Body;
use crate::flows::wire::common::ErrorResp;
use crate::scope::EntitiesWrite;
use crate::state::ApiState;
use crate::wire::JsonObject;

/// Makes an entity of any attributes, at most 64 KiB of them. One of the slug `contact` needs an `email`, and is a contact.
#[utoipa::path(
    post, path = "/v1/entity/{slug}", tag = "entities", security(("secret_key" = ["entities:write"])),
    params(("slug" = String, Path, description = "Of which schema: 1 to 100 letters, digits, `_` and `-`")),
    request_body = JsonObject,
    responses(
        (status = 201, description = "The entity", body = EntityBody),
        (status = 409, description = "Another one has the `_id` or, of a contact, the address", body = ErrorResp),
    )
)]
pub(crate) async fn create(
    key: Secret<EntitiesWrite>,
    State(state): State<ApiState>,
    At(slug): At<String>,
    Body(sent): Body<JsonObject>,
) -> Result<(StatusCode, Json<EntityBody>), ApiError> {
    let slug = wire::slug(slug)?;
    let (id, attributes) = wire::new(&slug, sent)?;
    let entity = state.engine().create_entity(key.workspace, slug, id, attributes).await?;
    Ok((StatusCode::CREATED, Json(EntityBody::new(key.workspace, entity))))
}
