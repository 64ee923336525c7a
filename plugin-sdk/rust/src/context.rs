//! What a step knows about the run it is part of.

use std::cell::OnceCell;

use serde_json::Value;

use crate::{Retry, Timestamp};

/// What a step knows. The JSON documents are parsed when they are first read: a step pays only for what it looks at.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The workspace (tenant) that everything here belongs to.
    pub workspace_id: String,
    /// The execution: one run of one version of a definition.
    pub execution_id: String,
    /// The step of the definition that runs.
    pub step_id: String,
    /// This visit to the step; a loop visits a step several times.
    pub step_execution_id: String,
    /// 1 on the first try, one more on each retry of the visit.
    pub attempt: u32,
    /// Names this visit towards other systems: the same on every attempt and after a crash.
    pub idempotency_key: String,
    /// When the step started. Use it in place of a clock.
    pub now: Timestamp,
    pub(crate) contact: Document,
    pub(crate) event: Document,
    pub(crate) variables: Document,
    pub(crate) outputs: Document,
    pub(crate) about: Document,
}

impl Context {
    /// The contact, `{id, email, subscribed, data, createdAt, updatedAt}`; `Null` for an execution without one.
    pub fn contact(&self) -> &Value {
        self.contact.value()
    }

    /// The contact's id; `None` for an execution without a contact.
    pub fn contact_id(&self) -> Option<&str> {
        self.contact().get("id").and_then(Value::as_str)
    }

    /// The data of the event that started the execution, with what ended its waits merged in.
    pub fn event(&self) -> &Value {
        self.event.value()
    }

    /// The execution's variables.
    pub fn variables(&self) -> &Value {
        self.variables.value()
    }

    /// The outputs of earlier steps, by step name and by step id.
    pub fn outputs(&self) -> &Value {
        self.outputs.value()
    }

    /// Everything else: `workflow`, `execution`, `step`, `eventName`, `project`, `urls`.
    pub fn about(&self) -> &Value {
        self.about.value()
    }

    /// A text in [`about`](Self::about) by its JSON Pointer, for example `/step/name`.
    pub fn about_text(&self, pointer: &str) -> Option<&str> {
        self.about().pointer(pointer).and_then(Value::as_str)
    }

    /// Whether the retry policy has no try left after this one. `default` is the policy of the step type's description, which
    /// counts where the step brings none of its own.
    pub fn is_last_attempt(&self, default: Retry) -> bool {
        let own = self.about().pointer("/step/retry/maxAttempts").and_then(Value::as_u64);
        u64::from(self.attempt) >= own.unwrap_or_else(|| default.max_attempts.into())
    }
}

/// One JSON document, parsed on first use. Text that is no JSON reads as `Null`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    text: String,
    value: OnceCell<Value>,
}

impl Document {
    fn value(&self) -> &Value {
        self.value.get_or_init(|| serde_json::from_str(&self.text).unwrap_or_default())
    }
}

impl From<String> for Document {
    fn from(text: String) -> Self {
        Self { text, value: OnceCell::new() }
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        Self { text: String::new(), value: OnceCell::from(value) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn about(value: Value) -> Context {
        Context { attempt: 2, about: value.into(), ..Context::default() }
    }

    #[test]
    fn text_that_is_no_json_reads_as_null() {
        let context = Context { contact: String::from("{").into(), ..Context::default() };
        assert_eq!((context.contact(), context.contact_id()), (&Value::Null, None));
    }

    #[test]
    fn the_last_attempt_is_told_by_the_retry_policy() {
        let default = Retry { max_attempts: 2, initial_delay_ms: 1, max_delay_ms: 1, multiplier: 1.0 };
        let last = |about_it: Value| about(about_it).is_last_attempt(default);
        assert!(!last(json!({ "step": { "retry": { "maxAttempts": 3 } } })));
        assert!(last(json!({ "step": { "retry": null } })));
    }
}
