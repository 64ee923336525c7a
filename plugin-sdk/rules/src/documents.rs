//! The documents a field path is read from, and which path leads into which.

use serde_json::Value;

use crate::path::{Wrappers, walk};

/// The documents of one execution at one moment. A document that does not exist is `Value::Null`.
#[derive(Clone, Copy, Debug)]
pub struct Documents<'a> {
    /// `{id, email, subscribed, data, createdAt, updatedAt}`.
    pub contact: &'a Value,
    /// The context of the execution: the data of the event that started it.
    pub event: &'a Value,
    /// Outputs of earlier steps, by step name and by step id.
    pub steps: &'a Value,
    /// Variables of the workspace and the execution.
    pub variables: &'a Value,
}

impl<'a> Documents<'a> {
    /// Documents without steps and variables, as a wait's filter and a contact filter have them.
    pub fn new(contact: &'a Value, event: &'a Value) -> Self {
        Self { contact, event, steps: &Value::Null, variables: &Value::Null }
    }

    /// Finds the value at `path`; `None` when there is none. A null that is there is `Some`.
    ///
    /// | Path | Document |
    /// |---|---|
    /// | `contact.id` `.email` `.subscribed` `.createdAt` `.updatedAt` | the contact |
    /// | `contact.data.<k>…`, `data.<k>…` | the contact's own data |
    /// | `event.<k>…`, `workflow.<k>…` | the context |
    /// | `steps.<name or id>…` | the outputs of earlier steps |
    /// | `variables.<k>…` | the variables |
    ///
    /// Anything else is missing. A key may contain dots and spaces; items of arrays are named by their number.
    pub fn lookup(&self, path: &str) -> Option<&'a Value> {
        let (root, rest) = path.split_once('.')?;
        match root {
            "contact" => self.in_contact(rest),
            "data" => self.in_data(rest),
            "event" | "workflow" => walk(self.event, rest, Wrappers::Open),
            "steps" => walk(self.steps, rest, Wrappers::Keep),
            "variables" => walk(self.variables, rest, Wrappers::Keep),
            _ => None,
        }
    }

    fn in_contact(&self, rest: &str) -> Option<&'a Value> {
        match rest {
            "id" | "email" | "subscribed" | "createdAt" | "updatedAt" => self.contact.get(rest),
            _ => self.in_data(rest.strip_prefix("data.")?),
        }
    }

    fn in_data(&self, rest: &str) -> Option<&'a Value> {
        walk(self.contact.get("data")?, rest, Wrappers::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lookup(path: &str) -> Option<Value> {
        let contact = json!({
            "id": "c1", "email": "Ada@example.org", "subscribed": true, "createdAt": "2026-01-01T00:00:00.000Z",
            "secret": 1, "data": {"plan": "pro", "address": {"city": "London"}, "gone": null}
        });
        let event = json!({"total": 5, "token": {"value": "t", "persistent": false}});
        let steps = json!({"Call the API": {"response": {"ok": true}}, "s-1": {"statusCode": 200}});
        let variables = json!({"limit": 3});
        let documents = Documents { contact: &contact, event: &event, steps: &steps, variables: &variables };
        documents.lookup(path).cloned()
    }

    #[test]
    fn paths_reach_every_document() {
        let cases = [
            ("contact.email", json!("Ada@example.org")),
            ("contact.createdAt", json!("2026-01-01T00:00:00.000Z")),
            ("contact.data.address.city", json!("London")),
            ("data.plan", json!("pro")),
            ("data.gone", json!(null)),
            ("event.total", json!(5)),
            ("workflow.total", json!(5)),
            ("event.token", json!("t")),
            ("event.token.value", json!("t")),
            ("steps.Call the API.response.ok", json!(true)),
            ("steps.s-1.statusCode", json!(200)),
            ("variables.limit", json!(3)),
        ];
        for (path, value) in cases {
            assert_eq!(lookup(path), Some(value), "{path}");
        }
    }

    #[test]
    fn everything_else_is_missing() {
        let paths =
            ["", "contact", "contact.secret", "contact.data", "event", "email", "plan", "data.", "steps.x", "a.b"];
        for path in paths {
            assert_eq!(lookup(path), None, "{path}");
        }
    }

    #[test]
    fn documents_that_are_not_objects_have_no_fields() {
        for odd in [json!(null), json!([1]), json!("text"), json!(5)] {
            let documents = Documents { contact: &odd, event: &odd, steps: &odd, variables: &odd };
            for path in ["contact.email", "data.a", "event.a", "steps.a.b", "variables.a"] {
                assert_eq!(documents.lookup(path), None, "{path} in {odd}");
            }
        }
    }
}
