//! Steps and transitions: what is sent and what is answered.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::{JsonObject, Time, nullable};
use crate::workflows::edge::WaitOutcome;

/// Where an editor draws a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "x": 100, "y": 200 }))]
pub(crate) struct Position {
    /// To the right.
    #[serde(serialize_with = "shortest")]
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    pub(crate) x: f64,
    /// Down.
    #[serde(serialize_with = "shortest")]
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    pub(crate) y: f64,
}

/// 100 and not 100.0, as it was sent.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn shortest<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 && number.abs() <= 1e9 {
        return serializer.serialize_i64(*number as i64);
    }
    serializer.serialize_f64(*number)
}

/// How a step's failures are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "maxAttempts": 5, "initialDelayMs": 2000, "maxDelayMs": 300_000, "multiplier": 2 }))]
pub(crate) struct Retry {
    /// All tries together, the first included.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) max_attempts: u32,
    /// The pause before the second try, in milliseconds; 2000 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 86_400_000)]
    pub(crate) initial_delay_ms: Option<i64>,
    /// The longest pause, in milliseconds; 300000 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 86_400_000)]
    pub(crate) max_delay_ms: Option<i64>,
    /// What each pause is multiplied by; 2 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10)]
    pub(crate) multiplier: Option<f64>,
}

/// A new step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "type": "DELAY", "name": "Wait a day", "position": { "x": 100, "y": 200 }, "config": { "amount": 24, "unit": "hours" },
}))]
pub(crate) struct AddStep {
    /// An installed step type.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z][A-Za-z0-9_-]*$", example = "SEND_EMAIL")]
    pub(crate) step_type: String,
    /// Its name, under which later steps read its output.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    pub(crate) name: String,
    /// Where an editor draws it.
    pub(crate) position: Position,
    /// Its configuration, checked against the step type's schema.
    pub(crate) config: JsonObject,
    /// The same as `config.templateId`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub(crate) template_id: Option<Option<Uuid>>,
    /// Whether the newest step that leads nowhere is to lead to this one.
    #[serde(default)]
    #[schema(default = true)]
    pub(crate) auto_connect: Option<bool>,
    /// How its failures are tried again; null for the step type's default.
    pub(crate) retry: Option<Retry>,
}

/// A step to put into a transition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "type": "DELAY", "name": "Wait a day", "config": { "amount": 24, "unit": "hours" } }))]
pub(crate) struct InsertStep {
    /// An installed step type; neither `TRIGGER` nor `EXIT`.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z][A-Za-z0-9_-]*$", example = "DELAY")]
    pub(crate) step_type: String,
    /// Its name, under which later steps read its output.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    pub(crate) name: String,
    /// Its configuration, checked against the step type's schema.
    pub(crate) config: JsonObject,
    /// Where an editor draws it; `{x: 0, y: 0}` if nothing is said.
    pub(crate) position: Option<Position>,
    /// The same as `config.templateId`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub(crate) template_id: Option<Option<Uuid>>,
    /// How its failures are tried again; null for the step type's default.
    pub(crate) retry: Option<Retry>,
}

/// Changes of a step. What is not sent stays as it is; the type never changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Wait two days", "config": { "amount": 2, "unit": "days" } }))]
pub(crate) struct PatchStep {
    /// Its name.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    pub(crate) name: Option<String>,
    /// Where an editor draws it.
    pub(crate) position: Option<Position>,
    /// Its configuration, which replaces the old one.
    pub(crate) config: Option<JsonObject>,
    /// The same as `config.templateId`; null for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub(crate) template_id: Option<Option<Uuid>>,
    /// How its failures are tried again; null for the step type's default.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Retry>)]
    pub(crate) retry: Option<Option<Retry>>,
}

/// A step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    /// Which one.
    pub(crate) id: Uuid,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "DELAY")]
    pub(crate) step_type: String,
    /// Its name.
    pub(crate) name: String,
    /// Where an editor draws it.
    pub(crate) position: Position,
    /// Its configuration.
    pub(crate) config: JsonObject,
    /// The workflow.
    pub(crate) workflow_id: Uuid,
    /// The template of a step that sends one.
    pub(crate) template_id: Option<Uuid>,
    /// How its failures are tried again; null for the step type's default.
    pub(crate) retry: Option<Retry>,
    /// The component that its configuration was checked with and that runs it, by SHA-256; null for the trigger.
    pub(crate) plugin_digest: Option<String>,
    /// When it was added.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
}

/// A template's name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TemplateRef {
    /// Which one.
    pub(crate) id: Uuid,
    /// Its name.
    pub(crate) name: String,
}

/// A step with its template and transitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DetailedStep {
    #[serde(flatten)]
    pub(crate) step: Step,
    /// The template, if it has one that still exists.
    pub(crate) template: Option<TemplateRef>,
    /// The transitions that leave it, in the order in which they are looked at.
    pub(crate) outgoing_transitions: Vec<Transition>,
    /// The transitions that lead to it.
    pub(crate) incoming_transitions: Vec<Transition>,
}

/// A step that was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RemovedStep {
    /// Which one.
    pub(crate) id: Uuid,
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) step_type: String,
    /// Its name.
    pub(crate) name: String,
}

/// The steps that were removed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RemovedSteps {
    /// Oldest first.
    pub(crate) removed: Vec<RemovedStep>,
}

/// A new transition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "fromStepId": "5f0c6f5e-0d1b-4a57-9f7b-6a3c0f0c1d22", "toStepId": "0b9c6f5e-0d1b-4a57-9f7b-6a3c0f0c1d22",
    "condition": { "branch": "yes" }, "priority": 0,
}))]
pub(crate) struct CreateTransition {
    /// The step it leaves.
    pub(crate) from_step_id: Uuid,
    /// The step it leads to.
    pub(crate) to_step_id: Uuid,
    /// `{"branch": "<name>"}` where the step has branches, `{"branch": "error"}` for what happens after a failure, else null.
    pub(crate) condition: Option<JsonObject>,
    /// What ended the wait, for a transition that leaves a `WAIT_FOR_EVENT` step.
    pub(crate) wait_outcome: Option<WaitOutcome>,
    /// Lower is looked at first.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000, default = 0)]
    pub(crate) priority: Option<i32>,
}

/// A transition.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transition {
    /// Which one.
    pub(crate) id: Uuid,
    /// The step it leaves.
    pub(crate) from_step_id: Uuid,
    /// The step it leads to.
    pub(crate) to_step_id: Uuid,
    /// When it is taken; null for always.
    pub(crate) condition: Option<JsonObject>,
    /// What ended the wait, for a transition that leaves a wait.
    pub(crate) wait_outcome: Option<WaitOutcome>,
    /// Lower is looked at first.
    pub(crate) priority: i32,
    /// When it was added.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_position_is_shown_as_it_was_sent() {
        let shown = |x: f64| serde_json::to_value(Position { x, y: 0.0 }).expect("json");
        assert_eq!(shown(100.0), json!({ "x": 100, "y": 0 }));
        assert_eq!(shown(0.5), json!({ "x": 0.5, "y": 0 }));
    }
}
