//! `stepwell:plugin/contacts`: reads and changes contacts. A run sees its own changes.

use serde_json::{Map, Value};
use stepwell_core::{Contact, ContactChange, ContactId, MAX_CONTACT_DATA, MergeRule};

use super::object;
use crate::bindings::stepwell::plugin::contacts::{ContactError, Host};
use crate::grant::Import;
use crate::state::Run;

/// The largest change, in bytes of JSON.
const MAX_CHANGE: usize = 2 * MAX_CONTACT_DATA;

impl Host for Run {
    async fn get(&mut self, contact_id: String) -> wasmtime::Result<Result<String, ContactError>> {
        self.allow(Import::Contacts)?;
        Ok(self.current_contact(&contact_id).await.map(|contact| contact.document().to_string()))
    }

    async fn update(&mut self, contact_id: String, change: String) -> wasmtime::Result<Result<String, ContactError>> {
        self.allow(Import::Contacts)?;
        Ok(self.change_contact(&contact_id, &change).await)
    }
}

impl Run {
    /// The contact as this run left it.
    async fn current_contact(&self, id: &str) -> Result<Contact, ContactError> {
        let id: ContactId = id.parse().map_err(|_| ContactError::NotFound)?;
        if let Some(contact) = self.effects.contact(id) {
            return Ok(contact.clone());
        }
        match self.services.data.contact(self.facts.workspace, id).await {
            Ok(contact) => contact.ok_or(ContactError::NotFound),
            Err(error) => {
                self.unavailable(&error);
                Err(ContactError::Unavailable)
            }
        }
    }

    async fn change_contact(&mut self, id: &str, text: &str) -> Result<String, ContactError> {
        let change = read_change(text).map_err(ContactError::Invalid)?;
        let mut contact = self.current_contact(id).await?;
        contact.apply(&change, self.facts.now);
        let size = Value::Object(contact.data.clone()).to_string().len();
        if size > MAX_CONTACT_DATA {
            let message = format!("data: the contact would have {size} bytes of data, {MAX_CONTACT_DATA} are allowed");
            return Err(ContactError::Invalid(message));
        }
        let answer = contact.document().to_string();
        self.effects.update_contact(contact, change, size + text.len()).map_err(ContactError::Invalid)?;
        Ok(answer)
    }
}

fn read_change(text: &str) -> Result<ContactChange, String> {
    let mut members = object("change", text, MAX_CHANGE)?;
    let change = ContactChange {
        data: take_data(&mut members)?,
        merge: if take_bool(&mut members, "deleteNulls")?.unwrap_or(false) {
            MergeRule::DeleteNulls
        } else {
            MergeRule::Literal
        },
        subscribed: take_bool(&mut members, "subscribed")?,
    };
    match members.keys().next() {
        None => Ok(change),
        Some(name) => Err(format!("{name}: a change has the members data, deleteNulls and subscribed only")),
    }
}

fn take_data(members: &mut Map<String, Value>) -> Result<Map<String, Value>, String> {
    match members.remove("data") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(data)) => Ok(data),
        Some(_) => Err("data: must be an object".into()),
    }
}

fn take_bool(members: &mut Map<String, Value>, name: &str) -> Result<Option<bool>, String> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(value)),
        Some(_) => Err(format!("{name}: must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_read_member_by_member() {
        let change = read_change(r#"{"data":{"plan":null},"deleteNulls":true,"subscribed":false}"#).expect("valid");
        assert_eq!(Value::Object(change.data), json!({"plan": null}));
        assert_eq!((change.merge, change.subscribed), (MergeRule::DeleteNulls, Some(false)));
    }

    #[test]
    fn what_is_wrong_with_a_change_is_named() {
        for (text, begin) in [
            ("[]", "change: must be"),
            ("{", "change: is not JSON"),
            (r#"{"data":3}"#, "data: must be an object"),
            (r#"{"subscribed":"yes"}"#, "subscribed: must be true or false"),
            (r#"{"email":"x"}"#, "email: a change has"),
        ] {
            let message = read_change(text).expect_err(text);
            assert!(message.starts_with(begin), "{message}");
        }
    }
}
