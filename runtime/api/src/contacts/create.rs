//! `POST /contacts`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stepwell_engine::AddressEdit;
use utoipa::ToSchema;

use super::{ContactBody, merged_data};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::ContactsWrite;
use crate::state::ApiState;
use crate::wire::{EmailAddress, JsonObject};

/// A contact to make, or to change if there is one of the address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateContact {
    email: EmailAddress,
    /// Whether marketing messages may be sent. A new contact is subscribed unless this is false; one that exists keeps its
    /// subscription unless this is given.
    subscribed: Option<bool>,
    /// Merged into what is there: null deletes a member, an empty text is ignored.
    data: Option<JsonObject>,
}

/// The contact, and what happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WrittenContact {
    #[serde(flatten)]
    contact: ContactBody,
    #[serde(rename = "_meta")]
    meta: Meta,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Meta {
    /// The contact was made.
    is_new: bool,
    /// The contact was there.
    is_update: bool,
}

/// Makes a contact, or changes the one of the address.
#[utoipa::path(
    post, path = "/contacts", tag = "contacts", security(("secret_key" = ["contacts:write"])),
    responses(
        (status = 201, description = "Made", body = WrittenContact),
        (status = 200, description = "There was one; changed", body = WrittenContact),
    )
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    key: Secret<ContactsWrite>,
    Json(wanted): Json<CreateContact>,
) -> Result<(StatusCode, Json<WrittenContact>), ApiError> {
    let edit = AddressEdit {
        email: wanted.email.0,
        data: merged_data(wanted.data)?,
        subscribed: wanted.subscribed,
        subscribed_if_new: true,
        preserve_existing_subscription: false,
    };
    let written = state.engine().upsert_contact(key.workspace, edit).await?;
    let status = if written.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let meta = Meta { is_new: written.is_new, is_update: !written.is_new };
    Ok((status, Json(WrittenContact { contact: written.contact.into(), meta })))
}
