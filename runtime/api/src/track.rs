//! `POST /v1/track` (spec plunk-workflows, 10.1): how most events come in.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_core::is_reserved;
use stepwell_engine::{AddressEdit, Intake, Who};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Ingest;
use crate::contacts::merged_data;
use crate::envelope::ErrorBody;
use crate::error::ApiError;
use crate::extract::Json;
use crate::idempotency::Idempotent;
use crate::scope::EventsWrite;
use crate::state::ApiState;
use crate::wire::{EmailAddress, EventName, JsonObject, Time};

/// Something that happened to somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Track {
    event: EventName,
    /// To whom. The contact is made if there is none.
    email: EmailAddress,
    /// A new contact is subscribed unless this is false; one that exists keeps its subscription unless this is given.
    subscribed: Option<bool>,
    /// Merged into the contact (null deletes a member, an empty text is ignored, `{"value": v, "persistent": false}` stays
    /// out), and what the executions see that it starts.
    data: Option<JsonObject>,
    /// Leave the subscription of a contact that exists as it is, whatever `subscribed` says: for double opt-in.
    #[serde(default)]
    preserve_existing_subscription: bool,
}

/// What was stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tracked {
    /// Always true.
    success: bool,
    data: TrackedIds,
}

/// What was stored.
#[derive(Debug, Serialize, ToSchema)]
struct TrackedIds {
    /// The contact's id.
    contact: Option<Uuid>,
    /// The event's id.
    event: Uuid,
    timestamp: Time,
}

/// Takes in an event: stores it, writes the contact, starts workflows and ends waits, all or nothing.
///
/// What it starts runs after the answer. A public key is enough.
#[utoipa::path(
    post, path = "/v1/track", tag = "events",
    security(("secret_key" = ["events:write"]), ("public_key" = ["events:write"])),
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$",
        description = "Taken once in 24 hours. A request that was refused gives it back.")),
    responses(
        (status = 200, description = "Stored", body = Tracked),
        (status = 409, description = "The idempotency key was used before; `error.details` says for what", body = ErrorBody),
    )
)]
pub(crate) async fn track(
    State(state): State<ApiState>,
    key: Ingest<EventsWrite>,
    Idempotent(once): Idempotent,
    Json(wanted): Json<Track>,
) -> Result<Json<Tracked>, ApiError> {
    let name = wanted.event.trimmed();
    if is_reserved(&name) {
        return Err(ApiError::field("event", "reserved_event", "only the server emits events of this name"));
    }
    let data = merged_data(wanted.data)?;
    let context = if data.is_empty() { Value::Null } else { Value::Object(data.clone()) };
    let edit = AddressEdit {
        email: wanted.email.0,
        data,
        subscribed: wanted.subscribed,
        subscribed_if_new: true,
        preserve_existing_subscription: wanted.preserve_existing_subscription,
    };
    let intake = Intake { name, who: Who::Address(edit), message_id: None, data: context, key: once };
    let tracked = state.engine().track(key.workspace, intake).await?;
    let data = TrackedIds {
        contact: tracked.contact.map(|contact| contact.id.0),
        event: tracked.event.id.0,
        timestamp: Time(tracked.event.created_at),
    };
    Ok(Json(Tracked { success: true, data }))
}
