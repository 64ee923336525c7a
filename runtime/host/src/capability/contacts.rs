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
    use crate::testing::{CONTACT, Memory, STRANGER, Setup};
    use serde_json::json;
    use stepwell_core::Effect;

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

    fn read(document: &str) -> Value {
        serde_json::from_str(document).expect("JSON")
    }

    #[tokio::test]
    async fn a_run_sees_its_own_change_and_hands_it_back() {
        let mut run = Setup::default().state().run;
        let id = CONTACT.to_string();
        let changed = run.update(id.clone(), r#"{"data":{"plan":"pro","id":"x"},"subscribed":false}"#.into()).await;
        let changed = read(&changed.expect("no trap").expect("changed"));
        assert_eq!((&changed["data"], &changed["subscribed"]), (&json!({"plan": "pro"}), &json!(false)));
        let seen = read(&run.get(id).await.expect("no trap").expect("found"));
        assert_eq!(seen, changed);
        let effects = run.effects.into_list();
        let [Effect::UpdateContact { contact_id, change }] = &effects[..] else { panic!("one effect") };
        assert_eq!((*contact_id, change.subscribed), (CONTACT, Some(false)));
    }

    #[tokio::test]
    async fn a_contact_of_nobody_is_not_found_and_a_database_that_is_down_is_told_apart() {
        let mut run = Setup::default().state().run;
        for id in [STRANGER.to_string(), "no id".into()] {
            assert!(matches!(run.get(id).await.expect("no trap"), Err(ContactError::NotFound)));
        }
        let mut run = Setup { data: Memory { down: true, ..Memory::default() }, ..Setup::default() }.state().run;
        assert!(matches!(run.get(CONTACT.to_string()).await.expect("no trap"), Err(ContactError::Unavailable)));
    }

    #[tokio::test]
    async fn a_contact_s_data_stays_within_its_size() {
        let mut run = Setup::default().state().run;
        let half = "x".repeat(MAX_CONTACT_DATA / 2);
        let change = |key: &str| json!({"data": {key: half}}).to_string();
        assert!(run.update(CONTACT.to_string(), change("a")).await.expect("no trap").is_ok());
        let refused = run.update(CONTACT.to_string(), change("b")).await.expect("no trap");
        assert!(matches!(refused, Err(ContactError::Invalid(reason)) if reason.starts_with("data: ")));
        assert_eq!(run.effects.into_list().len(), 1);
    }
}
