//! Entities as on the wire: their attributes, and beside them what the server says, each with an underscore before its name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell_core::WorkspaceId;
use stepwell_core::flow::Entity;
use stepwell_engine::MAX_ENTITY_DATA;
use stepwell_store::entity::CONTACT;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{fits, from_value};
use crate::flows::error::{Absent, invalid};
use crate::flows::ids;
use crate::wire::{EmailAddress, JsonObject, Time};

/// The most characters of a slug.
const MAX_SLUG: usize = 100;

/// What the server says of an entity. A client that sends it back changes nothing with it.
const SERVERS: [&str; 6] = ["_id", "_schema", "_org", "_created_at", "_updated_at", "workflows"];

/// Attributes that name an entity to people, the best first.
const NAMING: [&str; 3] = ["_title", "name", "title"];

/// An entity: these members, and its attributes beside them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntityItem)]
pub(super) struct EntityBody {
    /// Which one.
    #[serde(rename = "_id")]
    id: String,
    /// Its slug.
    #[serde(rename = "_schema")]
    schema: String,
    /// Whose.
    #[serde(rename = "_org")]
    org: String,
    /// What people call it: its `_title`, else its name or address; null if it has none.
    #[serde(rename = "_title")]
    title: Option<String>,
    /// When it was made.
    #[serde(rename = "_created_at")]
    created_at: Time,
    /// When it last changed.
    #[serde(rename = "_updated_at")]
    updated_at: Time,
    /// Its attributes.
    #[serde(flatten)]
    #[schema(ignore)]
    attributes: Map<String, Value>,
}

impl EntityBody {
    pub(super) fn new(workspace: WorkspaceId, entity: Entity) -> Self {
        let mut attributes = entity.data;
        let title = title(&attributes);
        attributes.remove("_title");
        Self {
            id: entity.id,
            schema: entity.schema,
            org: workspace.to_string(),
            title,
            created_at: Time(entity.created_at),
            updated_at: Time(entity.updated_at),
            attributes,
        }
    }
}

fn title(attributes: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| attributes.get(name)?.as_str().filter(|text| !text.trim().is_empty());
    let named = NAMING.into_iter().find_map(text).map(str::to_owned);
    let person = || {
        let names: Vec<_> = ["first_name", "last_name"].into_iter().filter_map(text).collect();
        (!names.is_empty()).then(|| names.join(" "))
    };
    named.or_else(person).or_else(|| text("email").map(str::to_owned))
}

/// The slug of an entity that is to be made.
pub(super) fn slug(text: String) -> Result<String, ApiError> {
    let wrong = || invalid("slug", format!("must have 1 to {MAX_SLUG} letters, digits, _ and -"));
    if is_slug(&text) { Ok(text) } else { Err(wrong()) }
}

/// The slug of an entity that there may be; what is no slug names nothing.
pub(super) fn known_slug(text: String) -> Result<String, ApiError> {
    if is_slug(&text) { Ok(text) } else { Err(Absent::NotFound.error("schema", &text)) }
}

fn is_slug(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=MAX_SLUG).contains(&text.len()) && text.bytes().all(fits)
}

/// An id as it may be in a path; what is none names nothing.
pub(super) fn id(text: &str) -> Result<Uuid, ApiError> {
    ids::parse(text).ok_or_else(|| unknown(text))
}

/// There is no such entity in the workspace.
pub(super) fn unknown(id: &str) -> ApiError {
    Absent::NotFound.error("entity", id)
}

/// What a new contact has besides its data.
#[derive(Deserialize, ToSchema)]
struct NewContact {
    #[allow(dead_code, reason = "it is checked and read as an attribute")]
    email: EmailAddress,
}

/// What an address may be changed to.
#[derive(Deserialize, ToSchema)]
struct ChangedContact {
    #[allow(dead_code, reason = "it is checked and read as an attribute")]
    email: Option<EmailAddress>,
}

/// The attributes of a new entity, and its id if one was sent.
pub(super) fn new(slug: &str, sent: JsonObject) -> Result<(Option<Uuid>, Map<String, Value>), ApiError> {
    let id = wanted_id(slug, sent.0.get("_id"))?;
    let attributes = attributes(sent)?;
    if slug == CONTACT {
        from_value::<NewContact>(Value::Object(attributes.clone()))?;
    }
    Ok((id, attributes))
}

/// The attributes that are to change.
pub(super) fn change(slug: &str, sent: JsonObject) -> Result<Map<String, Value>, ApiError> {
    let attributes = attributes(sent)?;
    if slug == CONTACT {
        from_value::<ChangedContact>(Value::Object(attributes.clone()))?;
        if attributes.get("email").is_some_and(Value::is_null) {
            return Err(ApiError::field("email", "required", "a contact has an address"));
        }
    }
    Ok(attributes)
}

fn attributes(JsonObject(mut sent): JsonObject) -> Result<Map<String, Value>, ApiError> {
    sent.retain(|name, _| !SERVERS.contains(&name.as_str()));
    fits("", &sent, MAX_ENTITY_DATA)?;
    Ok(sent)
}

fn wanted_id(slug: &str, sent: Option<&Value>) -> Result<Option<Uuid>, ApiError> {
    let Some(sent) = sent.filter(|id| !id.is_null()) else { return Ok(None) };
    if slug == CONTACT {
        return Err(invalid("_id", "the id of a contact is made by the server"));
    }
    let id = sent.as_str().and_then(ids::parse);
    id.map(Some).ok_or_else(|| invalid("_id", "must be a UUID"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn titled(attributes: &Value) -> Option<String> {
        title(attributes.as_object().expect("object"))
    }

    #[test]
    fn an_entity_is_called_by_its_title_its_name_or_its_address() {
        assert_eq!(titled(&json!({"_title": "T", "name": "N"})).as_deref(), Some("T"));
        assert_eq!(titled(&json!({"_title": " ", "name": "N"})).as_deref(), Some("N"));
        let person = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"});
        assert_eq!(titled(&person).as_deref(), Some("Ada Lovelace"));
        assert_eq!(titled(&json!({"email": "ada@example.org"})).as_deref(), Some("ada@example.org"));
        assert_eq!(titled(&json!({"name": 5})), None);
    }

    #[test]
    fn a_slug_is_short_and_plain() {
        assert!(slug("Opportunity_2-a".into()).is_ok() && slug("x".repeat(100)).is_ok());
        for text in ["", "a b", "a/b", "ä", &"x".repeat(101)] {
            assert!(slug(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_the_server_says_is_no_attribute() {
        let sent = json!({"_id": Uuid::nil(), "_schema": "x", "_org": "o", "workflows": {}, "status": "open"});
        let (id, attributes) = new("order", JsonObject(sent.as_object().cloned().expect("object"))).expect("read");
        assert_eq!((id, Value::Object(attributes)), (Some(Uuid::nil()), json!({"status": "open"})));
    }
}
