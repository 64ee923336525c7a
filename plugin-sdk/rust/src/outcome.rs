//! What a step answers: the directive the engine obeys once it is stored.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::Timestamp;

/// What should happen next.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The step is done; the execution goes on along an edge.
    Completed(Completion),
    /// The step waits; the first thing that comes resumes it.
    Waiting(Wait),
    /// The state is stored and the step is resumed at once, so that a long run survives a crash.
    Checkpoint(Value),
    /// The whole execution ends here, for a reason in words.
    Exited(Option<String>),
    /// The step failed.
    Failed(Failure),
}

/// A step that is done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// What later steps can read.
    pub output: Value,
    /// The branch to follow; none follows the edges that name no branch.
    pub branch: Option<String>,
    /// Members to merge into the execution's event data; `Null` for none.
    pub merge_event: Value,
}

impl Outcome {
    /// The step is done with this output.
    pub fn completed(output: impl Serialize) -> Self {
        match serde_json::to_value(output) {
            Ok(output) => Self::Completed(Completion { output, ..Completion::default() }),
            Err(error) => Self::Failed(Failure::fatal("invalid-output", format!("the output is no JSON: {error}"))),
        }
    }

    /// Follows `branch`. Only a completion has one; another outcome stays as it is.
    pub fn on(self, branch: impl Into<String>) -> Self {
        match self {
            Self::Completed(completion) => Self::Completed(Completion { branch: Some(branch.into()), ..completion }),
            other => other,
        }
    }

    /// Follows all of these beside what [`on`](Self::on) names. Only a completion does; another outcome stays as it is. A branch that
    /// the host refuses (an empty or long name, more than 100) fails the step.
    pub fn on_all(self, branches: impl IntoIterator<Item: AsRef<str>>) -> Self {
        if !matches!(self, Self::Completed(_)) {
            return self;
        }
        let followed = branches.into_iter().try_for_each(|branch| crate::branches::follow(branch.as_ref()));
        followed.map_or_else(|error| Self::Failed(error.into()), |()| self)
    }

    /// Merges an object's members into the execution's event data. Only a completion does; another outcome stays as it is.
    pub fn merging_event(self, merge_event: Value) -> Self {
        match self {
            Self::Completed(completion) => Self::Completed(Completion { merge_event, ..completion }),
            other => other,
        }
    }

    /// Ends the whole execution.
    pub fn exited(reason: Option<String>) -> Self {
        Self::Exited(reason)
    }
}

/// What a step waits for. Begin with [`Wait::until`], [`Wait::for_event`] or [`Wait::for_task`]; add others with the `or_…`
/// methods: the first that comes ends the wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wait {
    /// A time.
    pub until: Option<Timestamp>,
    /// An event of the execution's contact.
    pub event: Option<EventWait>,
    /// A person: the task to show, an object.
    pub task: Option<Value>,
    /// Handed back to [`Step::resume`](crate::Step::resume).
    pub state: Value,
    /// The output as long as it waits; `Null` for none.
    pub output: Value,
}

impl Wait {
    /// Waits until a time.
    pub fn until(time: Timestamp) -> Self {
        Self::default().or_until(time)
    }

    /// Waits for an event.
    pub fn for_event(event: EventWait) -> Self {
        Self::default().or_for_event(event)
    }

    /// Waits for a person to complete a task.
    pub fn for_task(task: Value) -> Self {
        Self::default().or_for_task(task)
    }

    /// Ends the wait at a time as well.
    pub fn or_until(self, time: Timestamp) -> Self {
        Self { until: Some(time), ..self }
    }

    /// Ends the wait with an event as well.
    pub fn or_for_event(self, event: EventWait) -> Self {
        Self { event: Some(event), ..self }
    }

    /// Ends the wait with a task as well.
    pub fn or_for_task(self, task: Value) -> Self {
        Self { task: Some(task), ..self }
    }

    /// Keeps a state for the resumption.
    pub fn with_state(self, state: Value) -> Self {
        Self { state, ..self }
    }

    /// Shows an output as long as it waits. What is no JSON becomes `Null`.
    pub fn with_output(self, output: impl Serialize) -> Self {
        Self { output: serde_json::to_value(output).unwrap_or_default(), ..self }
    }
}

impl From<Wait> for Outcome {
    fn from(wait: Wait) -> Self {
        Self::Waiting(wait)
    }
}

/// An event that ends a wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventWait {
    /// The name.
    pub name: String,
    /// A condition over `event.*` and `contact.*` that must hold as well; `Null` for none.
    pub filter: Value,
}

/// What ended a wait.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// The time came.
    Timer,
    /// A matching event arrived.
    Event(ReceivedEvent),
    /// A person completed the task and entered this.
    Task(Value),
    /// The checkpoint is stored; go on.
    Checkpoint,
}

/// An event that arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedEvent {
    /// Its id.
    pub id: String,
    /// Its name as it was sent.
    pub name: String,
    /// Its data.
    pub data: Value,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A stable word in kebab-case, for programs.
    pub code: String,
    /// A sentence for people that says what to do.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
    /// The least time to wait before the next try, if the other side named one.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure that trying again will not mend.
    pub fn fatal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retryable: false, retry_after: None }
    }

    /// A failure that may pass.
    pub fn passing(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::fatal(code, message) }
    }

    /// The failure of a call that the plugin's grant does not cover.
    pub(crate) fn denied(import: &str) -> Self {
        Self::fatal(
            "capability-denied",
            format!("the plugin's grant for {import} does not cover this; an operator can widen it"),
        )
    }

    /// The failure of a call that the host could not answer now.
    pub(crate) fn unavailable(what: &str) -> Self {
        Self::passing("unavailable", format!("the {what} could not be read now"))
    }

    /// Asks for a pause before the next try.
    pub fn after(self, pause: Duration) -> Self {
        Self { retry_after: Some(pause), ..self }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_branch_and_event_data_belong_to_a_completion_only() {
        let Outcome::Completed(done) = Outcome::completed(json!(1)).on("yes").merging_event(json!({ "a": 1 })) else {
            panic!("not completed");
        };
        assert_eq!((done.branch.as_deref(), done.merge_event), (Some("yes"), json!({ "a": 1 })));
        assert_eq!(Outcome::exited(None).on("yes"), Outcome::Exited(None));
    }

    #[test]
    fn an_output_that_is_no_json_fails_the_step() {
        let output = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert!(matches!(Outcome::completed(output), Outcome::Failed(failure) if failure.code == "invalid-output"));
    }
}
