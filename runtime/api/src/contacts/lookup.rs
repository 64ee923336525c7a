//! `POST /contacts/lookup`.

use std::collections::HashSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stepwell_core::normalise_email;
use stepwell_store::contact;
use utoipa::ToSchema;

use super::ContactBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::ContactsRead;
use crate::state::ApiState;
use crate::wire::AnyEmail;

/// Addresses to look up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUp {
    /// Compared trimmed and lower-cased.
    #[schema(max_items = 500)]
    emails: Vec<AnyEmail>,
}

/// Which addresses have contacts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LookedUp {
    /// The contacts, by address.
    found: Vec<ContactBody>,
    /// The addresses without one, as they were given.
    not_found: Vec<String>,
}

/// Looks up contacts by address.
#[utoipa::path(
    post, path = "/contacts/lookup", tag = "contacts", security(("secret_key" = ["contacts:read"])),
    responses((status = 200, description = "Who was found and who not", body = LookedUp))
)]
pub(crate) async fn lookup(
    State(state): State<ApiState>,
    key: Secret<ContactsRead>,
    Json(wanted): Json<LookUp>,
) -> Result<Json<LookedUp>, ApiError> {
    let emails: Vec<String> = wanted.emails.into_iter().map(String::from).collect();
    let mut conn = state.store().reader().await?;
    let found = contact::lookup(&mut conn, key.workspace, &emails).await?;
    let known: HashSet<&str> = found.iter().map(|contact| contact.email.as_str()).collect();
    let not_found = emails.into_iter().filter(|email| !known.contains(normalise_email(email).as_str())).collect();
    Ok(Json(LookedUp { found: found.into_iter().map(Into::into).collect(), not_found }))
}
