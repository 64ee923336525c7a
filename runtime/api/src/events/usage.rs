//! `GET /events/{name}/usage`.

use axum::extract::State;
use serde::Serialize;
use stepwell_store::{event, management};
use utoipa::ToSchema;
use uuid::Uuid;

use super::wire::name_in_path;
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::scope::EventsRead;
use crate::state::ApiState;

/// Who uses an event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventUsage {
    /// Always empty: there are no segments.
    #[schema(max_items = 0)]
    used_in_segments: Vec<UsedIn>,
    /// Workflows that it starts, or that wait for it.
    used_in_workflows: Vec<UsedIn>,
    /// How often it happened.
    total_count: u64,
    /// To how many contacts.
    unique_contacts: u64,
    /// Whether nothing uses it, so that it can be deleted.
    can_delete: bool,
}

/// Something that uses an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventUser)]
struct UsedIn {
    id: Uuid,
    name: String,
}

/// Who uses an event. A name that never happened is used by nobody.
#[utoipa::path(
    get, path = "/events/{name}/usage", tag = "events", security(("secret_key" = ["events:read"])),
    params(("name" = String, Path, description = "The name of the event", min_length = 1)),
    responses((status = 200, description = "Its use", body = EventUsage))
)]
pub(crate) async fn usage(
    State(state): State<ApiState>,
    key: Secret<EventsRead>,
    At(name): At<String>,
) -> Result<Json<EventUsage>, ApiError> {
    let name = name_in_path(name)?;
    let mut conn = state.store().reader().await?;
    let used = management::definitions_using_event(&mut conn, key.workspace, &name).await?;
    let usage = event::usage(&mut conn, key.workspace, &name).await?;
    Ok(Json(EventUsage {
        used_in_segments: vec![],
        can_delete: used.is_empty(),
        used_in_workflows: used.into_iter().map(|(id, name)| UsedIn { id: id.0, name }).collect(),
        total_count: usage.events,
        unique_contacts: usage.contacts,
    }))
}
