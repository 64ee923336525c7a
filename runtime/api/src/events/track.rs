//! `POST /events/track`: the management route. Reserved names are not refused here.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use stepwell_engine::{Intake, Who};
use utoipa::ToSchema;
use uuid::Uuid;

use super::wire::{EventBody, MAX_EVENT_DATA};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::{Json, fits};
use crate::scope::EventsWrite;
use crate::state::ApiState;
use crate::wire::{EventName, JsonObject};

/// An event to store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrackForContact {
    name: EventName,
    /// To whom it happened; without, it starts nothing.
    contact_id: Option<Uuid>,
    /// The message it is about.
    email_id: Option<Uuid>,
    /// The data of the executions it starts.
    data: Option<JsonObject>,
}

/// Stores an event of a contact that exists.
#[utoipa::path(
    post, path = "/events/track", tag = "events", security(("secret_key" = ["events:write"])),
    responses(
        (status = 201, description = "Stored", body = EventBody),
        (status = 404, description = "There is no such contact or message", body = crate::envelope::ErrorBody),
    )
)]
pub(crate) async fn track(
    State(state): State<ApiState>,
    key: Secret<EventsWrite>,
    Json(wanted): Json<TrackForContact>,
) -> Result<(StatusCode, Json<EventBody>), ApiError> {
    fits("data", &wanted.data, MAX_EVENT_DATA)?;
    let intake = Intake {
        name: wanted.name.trimmed(),
        who: wanted.contact_id.map_or(Who::Nobody, |id| Who::Contact(id.into())),
        message_id: wanted.email_id.map(Into::into),
        data: wanted.data.map_or(Value::Null, |JsonObject(data)| Value::Object(data)),
        key: None,
    };
    let tracked = state.engine().track(key.workspace, intake).await?;
    Ok((StatusCode::CREATED, Json(tracked.event.into())))
}
