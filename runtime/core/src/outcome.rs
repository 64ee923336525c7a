//! What a step answers, and what ends a wait. The Rust side of `wit/types.wit`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_rules::Rule;

use crate::id::{ContactId, EventId};
use crate::time::Timestamp;

/// What should happen next: a step's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The step is done; the execution goes on along an edge.
    Completed(Completion),
    /// The step waits; the first thing that comes resumes it.
    Waiting(WaitRequest),
    /// Store `state` and call the step again at once.
    Checkpoint {
        /// Handed back on resumption.
        state: Value,
    },
    /// The whole execution ends here.
    Exited {
        /// Why, in words.
        reason: Option<String>,
    },
    /// The step failed; it is retried if the failure and the policy allow it.
    Failed(Failure),
}

/// A step that is done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// What later steps can read.
    pub output: Value,
    /// The branch to follow, if the step has branches.
    pub branch: Option<String>,
    /// More branches to follow beside that one, in order. A step that follows one edge only takes the first edge of them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// Members to merge into the execution's event data; `Null` for none.
    pub merge_event: Value,
}

impl Completion {
    /// All branches that are followed, that of the completion itself first.
    pub fn followed(&self) -> Vec<&str> {
        self.branch.iter().chain(&self.branches).map(String::as_str).collect()
    }
}

/// What a step asks to wait for. At least one of `until`, `event`, `task` is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaitRequest {
    /// A time.
    pub until: Option<Timestamp>,
    /// An event of the execution's contact.
    pub event: Option<EventWait>,
    /// A person: the task to show.
    pub task: Option<Value>,
    /// Handed back on resumption.
    pub state: Value,
    /// The output shown while it waits; `Null` for none.
    pub output: Value,
}

impl WaitRequest {
    /// Whether anything can end it: an event comes only to an execution that has a contact.
    pub(crate) fn can_end(&self, contact: Option<ContactId>) -> bool {
        self.until.is_some() || self.task.is_some() || (self.event.is_some() && contact.is_some())
    }
}

/// An event that may end a wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventWait {
    /// The event's name.
    pub name: String,
    /// A condition on the event's data and the contact that must hold as well.
    pub filter: Option<Rule>,
}

/// What ended a wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Wake {
    /// The time came.
    Timer,
    /// A matching event arrived.
    Event(ReceivedEvent),
    /// A person completed the task and entered this.
    Task(Value),
    /// A checkpoint was stored.
    Checkpoint,
}

/// An event that ended a wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceivedEvent {
    /// The event.
    pub id: EventId,
    /// Its name as it was sent.
    pub name: String,
    /// Its data, non-persistent wrappers left as they came.
    pub data: Value,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word in kebab-case, for programs.
    pub code: String,
    /// A sentence for people that says what to do.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
    /// The least number of milliseconds to wait before the next try.
    pub retry_after_ms: Option<i64>,
}

impl Failure {
    /// A failure that trying again will not mend.
    pub fn fatal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retryable: false, retry_after_ms: None }
    }

    /// A failure that may pass.
    pub fn passing(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::fatal(code, message) }
    }
}
