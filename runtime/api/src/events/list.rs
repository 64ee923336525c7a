//! `GET /events`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stepwell_store::{event, workflow_admin};
use utoipa::{IntoParams, ToSchema};

use super::wire::{EventBody, EventList};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::scope::EventsRead;
use crate::state::ApiState;

/// The most events of one answer.
const MAX_EVENTS: u32 = 1000;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only those of this name.
    #[param(max_length = 255)]
    event_name: Option<String>,
    /// How many; more than 1000 are taken as 1000.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 1_000_000, default = 100)]
    limit: u32,
}

fn usual_limit() -> u32 {
    100
}

/// An event and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventOfContact {
    #[serde(flatten)]
    event: EventBody,
    contact: Option<Whose>,
}

/// Whose an event is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventContact)]
struct Whose {
    email: String,
}

/// Lists the last events.
#[utoipa::path(
    get, path = "/events", tag = "events", security(("secret_key" = ["events:read"])),
    params(Wanted),
    responses((status = 200, description = "The last events, newest first", body = EventList<EventOfContact>))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    key: Secret<EventsRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<EventList<EventOfContact>>, ApiError> {
    let limit = i64::from(wanted.limit.min(MAX_EVENTS));
    let mut conn = state.store().reader().await?;
    let found = event::recent(&mut conn, key.workspace, wanted.event_name.as_deref(), limit).await?;
    let mut contacts: Vec<_> = found.iter().filter_map(|event| event.contact_id).collect();
    contacts.sort_unstable();
    contacts.dedup();
    let emails = workflow_admin::addresses(&mut conn, key.workspace, &contacts).await?;
    let with_contact = |event: stepwell_core::Event| {
        let email = event.contact_id.and_then(|id| emails.get(&id)).cloned();
        EventOfContact { event: event.into(), contact: email.map(|email| Whose { email }) }
    };
    Ok(Json(EventList { events: found.into_iter().map(with_contact).collect() }))
}
