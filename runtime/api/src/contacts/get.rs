//! `GET /contacts/{id}`.

use axum::extract::State;
use stepwell_core::ContactId;
use stepwell_store::contact;

use super::ContactBody;
use super::wire::not_found;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::ContactsRead;
use crate::state::ApiState;

/// One contact.
#[utoipa::path(
    get, path = "/contacts/{id}", tag = "contacts", security(("secret_key" = ["contacts:read"])),
    params(("id" = Uuid, Path, description = "The contact")),
    responses((status = 200, description = "The contact", body = ContactBody))
)]
pub(crate) async fn get(
    State(state): State<ApiState>,
    key: Secret<ContactsRead>,
    At(id): At<ContactId>,
) -> Result<Json<ContactBody>, ApiError> {
    let mut conn = state.store().reader().await?;
    let found = contact::get(&mut conn, key.workspace, id).await?;
    Ok(Json(found.ok_or_else(not_found)?.into()))
}
