//! Contexts for tests.

use serde_json::{Value, json};

use super::state::with;
use crate::{Context, Timestamp};

/// Builds a [`Context`].
#[derive(Clone, Debug)]
pub struct ContextBuilder(Context);

/// A context of an execution without a contact, on its first attempt, at 2026-01-02T03:04:05.678Z.
pub fn context() -> ContextBuilder {
    ContextBuilder(Context {
        workspace_id: "workspace-1".to_owned(),
        execution_id: "execution-1".to_owned(),
        step_id: "step-1".to_owned(),
        step_execution_id: "visit-1".to_owned(),
        attempt: 1,
        idempotency_key: "visit-1-key".to_owned(),
        now: Timestamp::from_millis(1_767_323_045_678),
        event: json!({}).into(),
        variables: json!({}).into(),
        outputs: json!({}).into(),
        about: json!({}).into(),
        ..Context::default()
    })
}

impl ContextBuilder {
    /// The contact, an object with an `id`; the fakes know it as well.
    pub fn contact(mut self, contact: Value) -> Self {
        if let Some(id) = contact.get("id").and_then(Value::as_str) {
            with(|state| state.contacts.insert(id.to_owned(), contact.clone()));
        }
        self.0.contact = contact.into();
        self
    }

    /// The event data.
    pub fn event(mut self, event: Value) -> Self {
        self.0.event = event.into();
        self
    }

    /// The variables.
    pub fn variables(mut self, variables: Value) -> Self {
        self.0.variables = variables.into();
        self
    }

    /// The outputs of earlier steps.
    pub fn outputs(mut self, outputs: Value) -> Self {
        self.0.outputs = outputs.into();
        self
    }

    /// Everything else.
    pub fn about(mut self, about: Value) -> Self {
        self.0.about = about.into();
        self
    }

    /// The attempt, from 1.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.0.attempt = attempt;
        self
    }

    /// When the step starts.
    pub fn now(mut self, now: Timestamp) -> Self {
        self.0.now = now;
        self
    }

    /// The context.
    pub fn build(self) -> Context {
        self.0
    }
}
