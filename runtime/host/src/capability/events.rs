//! `stepwell:plugin/events`: emits events, stored with the step's outcome, and counts stored ones.

use serde_json::Value;
use stepwell_core::{Timestamp, is_reserved};

use super::{object, one_line};
use crate::bindings::stepwell::plugin::events::{EventError, Host};
use crate::grant::Import;
use crate::state::Run;

/// The longest name of an event, in characters.
const MAX_NAME: usize = 200;

/// The most data of an event, in bytes of JSON.
const MAX_DATA: usize = 256 * 1024;

impl Host for Run {
    async fn emit(&mut self, name: String, data: String) -> wasmtime::Result<Result<(), EventError>> {
        self.allow(Import::Events)?;
        Ok(self.emit_event(name, &data))
    }

    async fn count(&mut self, name: String, since: Option<u64>) -> wasmtime::Result<Result<u64, EventError>> {
        self.allow(Import::Events)?;
        Ok(self.count_events(&name, since).await)
    }
}

impl Run {
    fn emit_event(&mut self, name: String, data: &str) -> Result<(), EventError> {
        check_name(&name)?;
        if is_reserved(&name) {
            self.refuse(&format!("the event `{name}` is reserved for the server; emit one under another name"));
            return Err(EventError::Denied);
        }
        let members = object("data", data, MAX_DATA).map_err(EventError::Invalid)?;
        let size = name.len() + data.len();
        self.effects.emit(name, self.facts.contact, Value::Object(members), size).map_err(EventError::Invalid)
    }

    async fn count_events(&mut self, name: &str, since: Option<u64>) -> Result<u64, EventError> {
        check_name(name)?;
        let Some(contact) = self.facts.contact else { return Ok(0) };
        let since = since.map(|time| Timestamp(i64::try_from(time).unwrap_or(i64::MAX)));
        self.services.data.count_events(self.facts.workspace, contact, name, since).await.map_err(|error| {
            self.unavailable(&error);
            EventError::Unavailable
        })
    }
}

fn check_name(name: &str) -> Result<(), EventError> {
    if name.trim().is_empty() {
        return Err(EventError::Invalid("name: must not be empty".into()));
    }
    one_line("name", name, MAX_NAME).map_err(EventError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stepwell_core::Effect;

    use crate::testing::{CONTACT, NOW, Setup};

    #[tokio::test]
    async fn an_event_of_the_execution_s_contact_is_buffered() {
        let mut run = Setup::default().state().run;
        run.emit("upgraded".into(), r#"{"to":"pro"}"#.into()).await.expect("no trap").expect("emitted");
        let expected =
            Effect::EmitEvent { name: "upgraded".into(), contact_id: Some(CONTACT), data: json!({"to": "pro"}) };
        assert_eq!(run.effects.into_list(), [expected]);
    }

    #[tokio::test]
    async fn a_reserved_name_is_denied_and_logged_and_a_malformed_event_is_invalid() {
        let mut run = Setup::default().state().run;
        let denied = run.emit("email.sent".into(), "null".into()).await.expect("no trap");
        assert!(matches!(denied, Err(EventError::Denied)));
        assert!(run.log.take().iter().any(|line| line.message.contains("`email.sent` is reserved")));
        for (name, data) in [("", "{}"), ("a\nb", "{}"), ("a", "[]"), ("a", "{"), ("a", "")] {
            let invalid = run.emit(name.into(), data.into()).await.expect("no trap");
            assert!(matches!(invalid, Err(EventError::Invalid(_))), "{name} {data}");
        }
        assert!(run.effects.into_list().is_empty());
    }

    #[tokio::test]
    async fn stored_events_are_counted() {
        let mut run = Setup::default().state().run;
        assert_eq!(run.count("paid".into(), None).await.expect("no trap").expect("counted"), 3);
        let later = u64::try_from(NOW.0 + 1).expect("a time");
        assert_eq!(run.count("paid".into(), Some(later)).await.expect("no trap").expect("counted"), 0);
        assert_eq!(run.count("paid".into(), Some(u64::MAX)).await.expect("no trap").expect("counted"), 0);
    }
}
