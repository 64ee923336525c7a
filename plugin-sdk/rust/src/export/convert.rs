//! Between the types authors use and those of the contract, where documents are JSON text.

use super::{kept, text, value, wire};
use crate::{Completion, EventWait, Failure, Outcome, Problem, ReceivedEvent, Timestamp, Wait, Wake};

impl From<Problem> for wire::Problem {
    fn from(problem: Problem) -> Self {
        Self { pointer: problem.pointer, message: problem.message }
    }
}

impl From<Outcome> for wire::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed(completion) => Self::Completed(completion.into()),
            Outcome::Waiting(wait) => Self::Waiting(wait.into()),
            Outcome::Checkpoint(state) => Self::Checkpoint(text(&state)),
            Outcome::Exited(reason) => Self::Exited(reason),
            Outcome::Failed(failure) => Self::Failed(failure.into()),
        }
    }
}

impl From<Completion> for wire::Completion {
    fn from(completion: Completion) -> Self {
        let (output, merge_event) = (kept(completion.output), kept(completion.merge_event));
        Self { output: text(&*output), branch: completion.branch, merge_event: text(&*merge_event) }
    }
}

impl From<Wait> for wire::Wait {
    fn from(wait: Wait) -> Self {
        Self {
            until: wait.until.map(Timestamp::millis),
            event: wait.event.map(Into::into),
            task: wait.task.as_ref().map(text),
            state: text(&wait.state),
            output: text(&wait.output),
        }
    }
}

impl From<EventWait> for wire::EventWait {
    fn from(event: EventWait) -> Self {
        Self { name: event.name, filter: text(&event.filter) }
    }
}

impl From<Failure> for wire::Failure {
    fn from(failure: Failure) -> Self {
        let retry_after = failure.retry_after.map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
        Self { code: failure.code, message: failure.message, retryable: failure.retryable, retry_after }
    }
}

impl From<wire::Wake> for Wake {
    fn from(wake: wire::Wake) -> Self {
        match wake {
            wire::Wake::Timer => Self::Timer,
            wire::Wake::Event(event) => Self::Event(event.into()),
            wire::Wake::Task(entered) => Self::Task(value(&entered)),
            wire::Wake::Checkpoint => Self::Checkpoint,
        }
    }
}

impl From<wire::ReceivedEvent> for ReceivedEvent {
    fn from(event: wire::ReceivedEvent) -> Self {
        Self {
            id: event.id,
            name: event.name,
            data: value(&event.data),
            received_at: Timestamp::from_millis(event.received_at),
        }
    }
}
