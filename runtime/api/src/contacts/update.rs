//! `PATCH /contacts/{id}`.

use axum::extract::State;
use serde::Deserialize;
use stepwell_core::{ContactChange, ContactId, MergeRule};
use utoipa::ToSchema;

use super::{ContactBody, merged_data};
use crate::auth::Secret;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::ContactsWrite;
use crate::state::ApiState;
use crate::wire::{EmailAddress, JsonObject};

/// What to change. What is absent or null stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateContact {
    /// The new address.
    email: Option<EmailAddress>,
    /// The subscription. If it flips, `contact.subscribed` or `contact.unsubscribed` is emitted.
    subscribed: Option<bool>,
    /// Merged into what is there: null deletes a member, an empty text is ignored.
    data: Option<JsonObject>,
}

/// Changes a contact.
#[utoipa::path(
    patch, path = "/contacts/{id}", tag = "contacts", security(("secret_key" = ["contacts:write"])),
    params(("id" = Uuid, Path, description = "The contact")),
    responses(
        (status = 200, description = "The contact as it is now", body = ContactBody),
        (status = 409, description = "Another contact has the address", body = ErrorBody),
    )
)]
pub(crate) async fn update(
    State(state): State<ApiState>,
    key: Secret<ContactsWrite>,
    At(id): At<ContactId>,
    Json(wanted): Json<UpdateContact>,
) -> Result<Json<ContactBody>, ApiError> {
    let data = merged_data(wanted.data)?;
    let change = ContactChange { data, merge: MergeRule::Intake, subscribed: wanted.subscribed };
    let email = wanted.email.map(String::from);
    let contact = state.engine().update_contact(key.workspace, id, email, change).await?;
    Ok(Json(contact.into()))
}
