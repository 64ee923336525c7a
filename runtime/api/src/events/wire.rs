//! Events as on the wire.

use serde::Serialize;
use serde_json::Value;
use stepwell_core::Event;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::wire::{JsonObject, Time};

/// The most bytes that the data of an event may take as JSON.
pub(crate) const MAX_EVENT_DATA: usize = 64 * 1024;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(crate) struct EventBody {
    id: Uuid,
    name: String,
    #[schema(value_type = Option<JsonObject>)]
    data: Value,
    project_id: Uuid,
    /// To whom.
    contact_id: Option<Uuid>,
    /// The message it is about.
    email_id: Option<Uuid>,
    created_at: Time,
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.0,
            name: event.name,
            data: event.data,
            project_id: event.workspace_id.0,
            contact_id: event.contact_id.map(|id| id.0),
            email_id: event.message_id.map(|id| id.0),
            created_at: Time(event.created_at),
        }
    }
}

/// Events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventList<T> {
    pub(super) events: Vec<T>,
}

/// The name in a path. What cannot be the name of an event names nothing.
pub(super) fn name_in_path(name: String) -> Result<String, ApiError> {
    if name.contains('\0') || name.chars().count() > 255 {
        return Err(ApiError::not_found("RESOURCE_NOT_FOUND", "There is no such event"));
    }
    Ok(name)
}
