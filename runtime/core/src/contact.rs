//! People, and how their data is merged (spec plunk-workflows, section 11).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::id::{ContactId, WorkspaceId};
use crate::time::Timestamp;

/// The most a contact's data may take as JSON text, in bytes.
pub const MAX_CONTACT_DATA: usize = 64 * 1024;

/// Names that belong to templates and to the contact itself; data under them is dropped.
pub const RESERVED_KEYS: [&str; 7] =
    ["id", "email", "plunk_id", "plunk_email", "unsubscribeUrl", "subscribeUrl", "manageUrl"];

/// A person, unique in a workspace by lower-cased email.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Which contact.
    pub id: ContactId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Trimmed and lower-cased.
    pub email: String,
    /// Whether marketing messages may be sent.
    pub subscribed: bool,
    /// Custom fields.
    pub data: Map<String, Value>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Contact {
    /// The document that steps and conditions see.
    pub fn document(&self) -> Value {
        json!({
            "id": self.id, "email": self.email, "subscribed": self.subscribed, "data": self.data,
            "createdAt": self.created_at.to_rfc3339(), "updatedAt": self.updated_at.to_rfc3339(),
        })
    }

    /// Applies a change and says whether the subscription flipped.
    pub fn apply(&mut self, change: &ContactChange, now: Timestamp) -> bool {
        merge(&mut self.data, &change.data, change.merge);
        let flipped = change.subscribed.is_some_and(|wanted| wanted != self.subscribed);
        if flipped {
            self.subscribed = !self.subscribed;
        }
        self.updated_at = now;
        flipped
    }
}

/// A change of one contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactChange {
    /// Members to merge shallowly.
    pub data: Map<String, Value>,
    /// How.
    pub merge: MergeRule,
    /// The subscription wanted, if it should change.
    pub subscribed: Option<bool>,
}

/// How members are merged into a contact's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MergeRule {
    /// Values are stored as they are, null included (what the step does).
    #[default]
    Literal,
    /// As `Literal`, but null deletes the key.
    DeleteNulls,
    /// What the contacts and tracking routes do: null deletes, `""` is ignored, wrapped values marked as not persistent
    /// are skipped and others unwrapped.
    Intake,
}

/// Merges `from` into `into`. Reserved keys are dropped whatever the rule.
pub fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>, rule: MergeRule) {
    for (key, value) in from {
        if RESERVED_KEYS.contains(&key.as_str()) {
            continue;
        }
        match (rule, value) {
            (MergeRule::DeleteNulls | MergeRule::Intake, Value::Null) => {
                into.remove(key);
            }
            (MergeRule::Intake, Value::String(text)) if text.is_empty() => {}
            (MergeRule::Intake, wrapped) => {
                if let Some(value) = persistent(wrapped) {
                    into.insert(key.clone(), value.clone());
                }
            }
            (_, value) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The value to keep on the contact: `{"value":v,"persistent":false}` has none, `{"value":v,"persistent":true}` is `v`.
fn persistent(value: &Value) -> Option<&Value> {
    match (value.get("value"), value.get("persistent")) {
        (Some(_), Some(Value::Bool(false))) => None,
        (Some(inner), Some(Value::Bool(true))) => Some(inner),
        _ => Some(value),
    }
}

/// The form under which an email address is unique: trimmed and lower-cased.
pub fn normalise_email(email: &str) -> String {
    email.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(from: Value, rule: MergeRule) -> Value {
        let mut into = json!({"plan": "free", "city": "Ulm"}).as_object().cloned().expect("object");
        merge(&mut into, from.as_object().expect("object"), rule);
        Value::Object(into)
    }

    #[test]
    fn a_null_is_stored_by_a_step_and_deletes_through_the_api() {
        assert_eq!(merged(json!({"plan": null}), MergeRule::Literal), json!({"plan": null, "city": "Ulm"}));
        assert_eq!(merged(json!({"plan": null}), MergeRule::Intake), json!({"city": "Ulm"}));
        assert_eq!(merged(json!({"plan": null}), MergeRule::DeleteNulls), json!({"city": "Ulm"}));
    }

    #[test]
    fn an_empty_text_is_ignored_by_the_api() {
        assert_eq!(merged(json!({"plan": ""}), MergeRule::Intake), json!({"plan": "free", "city": "Ulm"}));
    }

    #[test]
    fn a_value_marked_as_not_persistent_stays_out() {
        let from = json!({"code": {"value": 1, "persistent": false}, "age": {"value": 3, "persistent": true}});
        assert_eq!(merged(from, MergeRule::Intake), json!({"plan": "free", "city": "Ulm", "age": 3}));
    }

    #[test]
    fn reserved_keys_are_dropped() {
        assert_eq!(merged(json!({"id": 1, "email": "x"}), MergeRule::Literal), json!({"plan": "free", "city": "Ulm"}));
    }

    #[test]
    fn an_address_is_compared_trimmed_and_lower_cased() {
        assert_eq!(normalise_email("  Ada@Example.ORG "), "ada@example.org");
    }
}
