//! Contacts: read and change. Transactional: a change is stored with the step's outcome and dropped if the step fails.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::plugin::contacts as host;
pub use crate::bindings::stepwell::plugin::contacts::ContactError;
use crate::export::{text, value};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::contacts as host;

/// A change of a contact. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Members to merge shallowly into the contact's data.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Whether a null member deletes its key; else it is stored as null.
    pub delete_nulls: bool,
    /// Subscribe or unsubscribe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribed: Option<bool>,
}

/// Reads a contact as `{id, email, subscribed, data, createdAt, updatedAt}`, with the changes this step has made.
pub fn get(contact_id: &str) -> Result<Value, ContactError> {
    host::get(contact_id).map(|contact| value(&contact))
}

/// Changes a contact and answers with it as it will be.
pub fn update(contact_id: &str, change: &Change) -> Result<Value, ContactError> {
    host::update(contact_id, &text(change)).map(|contact| value(&contact))
}

impl From<ContactError> for Failure {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::NotFound => Self::fatal("no-contact", "the contact does not exist; it may have been deleted"),
            ContactError::Denied => Self::denied("stepwell:plugin/contacts"),
            ContactError::Invalid(what) => {
                Self::fatal("invalid-change", format!("the contact cannot be changed: {what}"))
            }
            ContactError::Unavailable => Self::unavailable("contacts"),
        }
    }
}
