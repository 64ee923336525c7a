//! Contacts as on the wire.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use stepwell_core::{Contact, MAX_CONTACT_DATA};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{ApiError, FieldError};
use crate::extract::fits;
use crate::wire::{JsonObject, Time};

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contact)]
pub(crate) struct ContactBody {
    pub(crate) id: Uuid,
    /// Trimmed and lower-cased; unique in the project.
    pub(crate) email: String,
    /// Whether marketing messages may be sent.
    pub(crate) subscribed: bool,
    /// Custom fields.
    pub(crate) data: JsonObject,
    pub(crate) project_id: Uuid,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

impl From<Contact> for ContactBody {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.0,
            email: contact.email,
            subscribed: contact.subscribed,
            data: JsonObject(contact.data),
            project_id: contact.workspace_id.0,
            created_at: Time(contact.created_at),
            updated_at: Time(contact.updated_at),
        }
    }
}

/// Data to merge into a contact, checked for what no schema says: its size, and that `locale` is a text.
pub(crate) fn merged_data(data: Option<JsonObject>) -> Result<Map<String, Value>, ApiError> {
    let JsonObject(data) = data.unwrap_or_default();
    fits("data", &data, MAX_CONTACT_DATA)?;
    let locale = data.get("locale").map(|locale| locale.get("value").unwrap_or(locale));
    if locale.is_some_and(|locale| !locale.is_string() && !locale.is_null()) {
        let wrong = FieldError::new("data.locale", "invalid_type", "must be a string");
        let error = ApiError::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "The locale of a contact is a text");
        return Err(error.with(wrong));
    }
    Ok(data)
}

pub(crate) fn not_found() -> ApiError {
    ApiError::not_found("CONTACT_NOT_FOUND", "Contact not found")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(data: &Value) -> Option<u16> {
        let data = data.as_object().cloned().map(JsonObject);
        merged_data(data).err().map(|error| error.status().as_u16())
    }

    #[test]
    fn a_locale_is_a_text_wrapped_or_not() {
        assert_eq!(status(&json!({"locale": 5})), Some(400));
        assert_eq!(status(&json!({"locale": {"value": 5, "persistent": true}})), Some(400));
        assert_eq!(status(&json!({"locale": "de"})), None);
        assert_eq!(status(&json!({"locale": null})), None);
        assert_eq!(status(&json!({"locale": {"value": "de", "persistent": false}})), None);
    }

    #[test]
    fn data_that_is_too_large_is_refused() {
        assert_eq!(status(&json!({"a": "x".repeat(MAX_CONTACT_DATA)})), Some(422));
    }
}
