//! The fake of `stepwell:plugin/contacts`.

use serde_json::{Map, Value};

use super::state::{Effect, with};
use crate::bindings::stepwell::plugin::contacts::ContactError;
use crate::export::value;

pub(crate) fn get(contact_id: &str) -> Result<String, ContactError> {
    with(|state| {
        if state.denies("contacts") {
            return Err(ContactError::Denied);
        }
        state.contacts.get(contact_id).map(Value::to_string).ok_or(ContactError::NotFound)
    })
}

pub(crate) fn update(contact_id: &str, change: &str) -> Result<String, ContactError> {
    get(contact_id)?;
    let change = value(change);
    with(|state| {
        let contact = state.contacts.get_mut(contact_id).ok_or(ContactError::NotFound)?;
        apply(contact, &change);
        let answer = contact.to_string();
        state.effects.push(Effect::UpdateContact(contact_id.to_owned(), change));
        Ok(answer)
    })
}

fn apply(contact: &mut Value, change: &Value) {
    if let Some(subscribed) = change.get("subscribed").and_then(Value::as_bool) {
        contact["subscribed"] = subscribed.into();
    }
    let mut data = contact.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
    let delete_nulls = change.get("deleteNulls").and_then(Value::as_bool).unwrap_or_default();
    for (key, value) in change.get("data").and_then(Value::as_object).unwrap_or(&Map::new()) {
        match value {
            Value::Null if delete_nulls => data.remove(key),
            value => data.insert(key.clone(), value.clone()),
        };
    }
    contact["data"] = data.into();
}
