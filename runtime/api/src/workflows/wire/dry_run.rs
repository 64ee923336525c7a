//! Dry runs on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::execution::{ExecutionStatus, StepFailure};
use crate::wire::{EmailAddress, EventName, JsonObject, Time};

/// What to run without any effect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "contact": { "email": "ada@example.org", "data": { "plan": "pro" } }, "event": { "source": "web" },
    "arrivals": [{ "eventName": "paid", "data": { "amount": 12 } }],
}))]
pub(crate) struct DryRunRequest {
    /// A stored contact; not together with `contact`.
    pub(crate) contact_id: Option<Uuid>,
    /// A contact made up for this run.
    pub(crate) contact: Option<DryRunContact>,
    /// What steps see as `event.*`.
    pub(crate) event: Option<JsonObject>,
    /// The events that arrive, in order: each ends the first wait for it. Other waits end by time.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub(crate) arrivals: Option<Vec<Arrival>>,
    /// The version of the graph; the newest if nothing is said.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    pub(crate) version: Option<u32>,
}

/// A contact made up for a dry run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DryRunContact {
    /// The address; `dry-run@example.org` if nothing is said.
    pub(crate) email: Option<EmailAddress>,
    /// Whether marketing messages may be sent; true if nothing is said.
    pub(crate) subscribed: Option<bool>,
    /// Custom fields.
    pub(crate) data: Option<JsonObject>,
}

/// An event that arrives in a dry run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Arrival {
    /// Its name.
    pub(crate) event_name: EventName,
    /// Its data.
    pub(crate) data: Option<JsonObject>,
}

/// How a step answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StepOutcome {
    /// It is done.
    Completed,
    /// It waits; the next entry of the step shows how it went on.
    Waiting,
    /// It stored its progress and goes on.
    Checkpoint,
    /// It ended the execution.
    Exited,
    /// It failed.
    Failed,
}

/// A message that would have been queued.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WouldSend {
    /// The recipient.
    pub(crate) to: String,
    /// The sender; empty for the server's default.
    pub(crate) from: String,
    /// The sender's display name.
    pub(crate) from_name: Option<String>,
    /// Where answers go.
    pub(crate) reply_to: Option<String>,
    /// The subject, rendered.
    pub(crate) subject: String,
    /// The HTML body, rendered; only its beginning if it is very long.
    pub(crate) html: String,
    /// The template.
    pub(crate) template_id: Option<Uuid>,
}

/// One call of one step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Visited {
    /// Which step.
    pub(crate) step_id: Uuid,
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) step_type: String,
    /// The time of the run's own clock, which jumps over waits.
    pub(crate) at: Time,
    /// How it answered.
    pub(crate) outcome: StepOutcome,
    /// The branch it took.
    pub(crate) branch: Option<String>,
    /// What later steps can read, usually an object.
    #[schema(value_type = Option<Value>)]
    pub(crate) output: Value,
    /// Until when it waits.
    pub(crate) wait_until: Option<Time>,
    /// The event it waits for.
    pub(crate) wait_event_name: Option<String>,
    /// Why it failed.
    pub(crate) failure: Option<StepFailure>,
    /// The requests it would have sent, as `METHOD url` without the query.
    pub(crate) requests: Vec<String>,
    /// The messages it would have queued.
    pub(crate) messages: Vec<WouldSend>,
    /// The names of the events it would have emitted.
    pub(crate) events: Vec<String>,
}

/// What a dry run found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DryRunResult {
    /// How the execution would stand at the end; `WAITING` if it waits for an event that is not among the arrivals.
    pub(crate) status: ExecutionStatus,
    /// Why it would end early.
    pub(crate) exit_reason: Option<String>,
    /// The version of the graph.
    pub(crate) version: u32,
    /// The steps in the order in which they were called; the trigger is not among them.
    pub(crate) steps: Vec<Visited>,
    /// What steps would see as `event.*` at the end.
    #[schema(value_type = Option<JsonObject>)]
    pub(crate) context: Value,
    /// The contact's data at the end.
    pub(crate) contact_data: Option<JsonObject>,
    /// The contact's subscription at the end.
    pub(crate) contact_subscribed: Option<bool>,
}
