//! `GET /contacts`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stepwell_store::contact::{self, ContactCursor, ContactQuery, ContactSort};
use utoipa::{IntoParams, ToSchema};

use super::ContactBody;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::page::{Direction, MAX_PAGE_SIZE};
use crate::scope::ContactsRead;
use crate::state::ApiState;

/// Which contacts, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// How many; more than 100 are taken as 100.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 1_000_000, default = 20)]
    limit: u32,
    /// Where the page before ended: its `cursor`.
    #[param(max_length = 1024)]
    cursor: Option<String>,
    /// Only those whose address contains this, in any case.
    #[param(max_length = 255)]
    search: Option<String>,
    /// Only those with this subscription.
    subscribed: Option<bool>,
    /// By what they are sorted.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// In which direction.
    #[serde(default)]
    #[param(inline)]
    dir: Direction,
}

fn usual_limit() -> u32 {
    20
}

/// By what contacts are sorted.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Sort {
    Email,
    #[default]
    CreatedAt,
}

/// Contacts, and where to go on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactList {
    data: Vec<ContactBody>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cursor: Option<String>,
    /// Whether there is a next page.
    has_more: bool,
    /// How many there are in all, on the first page; 0 on the others.
    total: u64,
}

/// Lists contacts.
#[utoipa::path(
    get, path = "/contacts", tag = "contacts", security(("secret_key" = ["contacts:read"])),
    params(Wanted),
    responses((status = 200, description = "A page of contacts", body = ContactList))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    key: Secret<ContactsRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<ContactList>, ApiError> {
    let after = wanted.cursor.as_deref().map(cursor).transpose()?;
    let first = after.is_none();
    let query = ContactQuery {
        search: wanted.search,
        subscribed: wanted.subscribed,
        sort: match wanted.sort {
            Sort::Email => ContactSort::Email,
            Sort::CreatedAt => ContactSort::CreatedAt,
        },
        direction: wanted.dir.into(),
        after,
    };
    let limit = i64::from(wanted.limit.clamp(1, MAX_PAGE_SIZE));
    let mut conn = state.store().reader().await?;
    let (contacts, next) = contact::page(&mut conn, key.workspace, &query, limit).await?;
    let total = if first { contact::count(&mut conn, key.workspace, &query).await? } else { 0 };
    let data = contacts.into_iter().map(Into::into).collect();
    Ok(Json(ContactList { data, has_more: next.is_some(), cursor: next.map(|next| next.to_string()), total }))
}

/// A cursor that a page gave. A forged one at worst shows another part of the same list.
fn cursor(text: &str) -> Result<ContactCursor, ApiError> {
    let refused = || ApiError::field("cursor", "invalid_string", "must be the cursor of a page of this list");
    if hex::decode(text).is_ok_and(|bytes| bytes.contains(&0)) {
        return Err(refused());
    }
    text.parse().map_err(|_| refused())
}
