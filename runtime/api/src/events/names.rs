//! `GET /events/names`.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::Serialize;
use stepwell_core::SYSTEM_EVENTS;
use stepwell_store::event;
use utoipa::ToSchema;

use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::scope::EventsRead;
use crate::state::ApiState;

/// Names of events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventNames {
    /// In order: those that were ever used, and those that the server emits.
    event_names: BTreeSet<String>,
}

/// Lists the names of events. Those that the server emits are there before they first happen.
#[utoipa::path(
    get, path = "/events/names", tag = "events", security(("secret_key" = ["events:read"])),
    responses((status = 200, description = "The names", body = EventNames))
)]
pub(crate) async fn names(
    State(state): State<ApiState>,
    key: Secret<EventsRead>,
) -> Result<Json<EventNames>, ApiError> {
    let mut conn = state.store().reader().await?;
    let used = event::names(&mut conn, key.workspace).await?;
    let event_names = used.into_iter().chain(SYSTEM_EVENTS.map(str::to_owned)).collect();
    Ok(Json(EventNames { event_names }))
}
