//! What the step leaves behind, after the event and after the timeout.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use stepwell_plugin::{ReceivedEvent, Timestamp};

/// The output, by what ended the wait.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum Output {
    Arrived(Arrived),
    TimedOut(TimedOut),
}

/// The event arrived.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Arrived {
    /// The name that was waited for.
    event_name: String,
    /// The data of the event.
    event_data: Value,
    /// When it arrived.
    received_at: Timestamp,
    /// `EVENT`.
    wait_outcome: &'static str,
    /// True.
    event_received: bool,
}

/// The time ran out.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimedOut {
    /// True.
    timed_out: bool,
    /// The name that was waited for.
    event_name: String,
    /// `TIMEOUT`.
    wait_outcome: &'static str,
    /// False.
    event_received: bool,
}

impl Arrived {
    pub(crate) fn new(event_name: String, event: ReceivedEvent) -> Self {
        let (event_data, received_at) = (event.data, event.received_at);
        Self { event_name, event_data, received_at, wait_outcome: "EVENT", event_received: true }
    }
}

impl TimedOut {
    pub(crate) fn new(event_name: String) -> Self {
        Self { timed_out: true, event_name, wait_outcome: "TIMEOUT", event_received: false }
    }
}
