//! `GET /events/contact/{id}`.

use axum::extract::State;
use serde::Deserialize;
use stepwell_core::ContactId;
use stepwell_store::{contact, event};
use utoipa::IntoParams;

use super::wire::{EventBody, EventList};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json, Query};
use crate::scope::EventsRead;
use crate::state::ApiState;

/// How many events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// How many; more than 1000 are taken as 1000.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 1_000_000, default = 50)]
    limit: u32,
}

fn usual_limit() -> u32 {
    50
}

/// Lists the last events of a contact.
#[utoipa::path(
    get, path = "/events/contact/{id}", tag = "events", security(("secret_key" = ["events:read"])),
    params(("id" = Uuid, Path, description = "The contact"), Wanted),
    responses((status = 200, description = "The last events, newest first", body = EventList<EventBody>))
)]
pub(crate) async fn of_contact(
    State(state): State<ApiState>,
    key: Secret<EventsRead>,
    At(id): At<ContactId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<EventList<EventBody>>, ApiError> {
    let mut conn = state.store().reader().await?;
    let missing = || ApiError::not_found("CONTACT_NOT_FOUND", "Contact not found");
    contact::get(&mut conn, key.workspace, id).await?.ok_or_else(missing)?;
    let found = event::of_contact(&mut conn, key.workspace, id, i64::from(wanted.limit.min(1000))).await?;
    Ok(Json(EventList { events: found.into_iter().map(Into::into).collect() }))
}
