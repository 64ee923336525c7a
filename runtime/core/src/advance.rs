//! The state machine: what an input changes in an execution. Pure: no clock, no chance, no I/O.
//!
//! Invariants: nothing changes in an ended execution but by a retry; a step execution that is done stays as it is; every
//! execution that has not ended has a step execution that runs, is due or waits.

use crate::changes::Changes;
use crate::clock::Given;
use crate::decision::Decision;
use crate::definition::Graph;
use crate::execution::{Execution, StepExecution, StepStatus};
use crate::flow::{self, Act, ActRefused, People};
use crate::id::StepExecutionId;
use crate::outcome::{Completion, Failure, Outcome, Wake};
use crate::plugin::Digest;
use crate::retry::{self, RetryPolicy};
use crate::{end, visit, volume};

/// The branch that is followed after a failure that is not tried again, if the step has such an edge.
pub const ERROR_BRANCH: &str = "error";

/// How often one visit to a step may be resumed. More is a plugin that checkpoints for ever.
pub const MAX_RESUMES: u32 = 10_000;

/// What is loaded of an execution to decide about it.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// The graph of the version it is pinned to.
    pub graph: &'a Graph,
    /// The execution.
    pub execution: &'a Execution,
    /// Its step executions that are not done, in the order in which they were created; for [`Input::Retried`] the one that
    /// failed.
    pub visits: &'a [StepExecution],
    /// What people see of it; none where its graph has no tasks.
    pub people: Option<&'a People>,
}

/// Something that happens to an execution.
#[derive(Clone, Debug)]
pub enum Input {
    /// A step answered.
    Settled {
        /// Which visit.
        visit: StepExecutionId,
        /// Which run of it: [`StepExecution::run`] of the visit as it was handed to the runner.
        run: u32,
        /// Its answer.
        outcome: Outcome,
        /// The component that ran.
        plugin: Option<Digest>,
        /// How its failures are tried again.
        retry: RetryPolicy,
        /// The jitter of the next try, from 0 to 1.
        spread: f64,
    },
    /// A wait ended. A timer ends only a wait whose time has come: it may have been set for an earlier wait of the visit.
    Woken {
        /// Which visit.
        visit: StepExecutionId,
        /// What ended it.
        wake: Wake,
    },
    /// Somebody cancels the execution.
    Cancelled {
        /// Why, in words.
        reason: String,
    },
    /// Somebody takes a failed execution up again at the step that failed.
    Retried,
    /// A person does something.
    Acted(Box<Act>),
}

/// Why an input changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The execution has ended.
    #[error("the execution has ended")]
    Ended,
    /// The visit is not active, not in the status the input is for, at another run than the one that answered, or waits for a
    /// later time.
    #[error("the step execution is not active")]
    NotActive,
    /// There is no failed step to retry.
    #[error("only a failed execution can be retried")]
    NotFailed,
    /// What the person does is not allowed.
    #[error("{0}")]
    Act(ActRefused),
}

/// Decides what an input changes. A step whose answer is more than may be kept has failed.
pub fn advance(state: State<'_>, input: Input, given: &Given<'_>) -> Result<Changes, Refused> {
    decided(state, input, given).map(|changes| volume::accounted(changes, state.visits))
}

fn decided(state: State<'_>, input: Input, given: &Given<'_>) -> Result<Changes, Refused> {
    if let Input::Retried = input {
        return end::retried(state, given);
    }
    if let Input::Acted(act) = input {
        return flow::acted(state, *act, given);
    }
    if state.execution.status.is_terminal() {
        return Err(Refused::Ended);
    }
    let mut decision = Decision::about(state, given);
    match input {
        Input::Settled { visit, run, outcome, plugin, retry, spread } => {
            let mut visit = active(state.visits, visit, StepStatus::Running)?;
            if visit.run() != run {
                return Err(Refused::NotActive);
            }
            visit.plugin = plugin.or(visit.plugin);
            settled(&mut decision, visit, outcome, (retry, spread));
        }
        Input::Woken { visit, wake } => {
            let visit = active(state.visits, visit, StepStatus::Waiting)?;
            if matches!(wake, Wake::Timer) && visit.due_at.is_none_or(|due| due > given.now) {
                return Err(Refused::NotActive);
            }
            match decision.is_task(visit.step_id) {
                true => flow::woken(&mut decision, visit, wake),
                false => visit::woken(&mut decision, visit, wake),
            }
        }
        Input::Cancelled { reason } => end::cancelled(&mut decision, reason),
        Input::Retried => return Err(Refused::NotFailed),
        Input::Acted(_) => return Err(Refused::Act(ActRefused::FlowNotStarted)),
    }
    Ok(decision.made())
}

fn active(visits: &[StepExecution], id: StepExecutionId, status: StepStatus) -> Result<StepExecution, Refused> {
    let visit = visits.iter().find(|visit| visit.id == id && visit.status == status);
    visit.cloned().ok_or(Refused::NotActive)
}

fn settled(decision: &mut Decision<'_>, visit: StepExecution, outcome: Outcome, (policy, spread): (RetryPolicy, f64)) {
    let execution = &decision.changes.execution;
    let refused = volume::refusal(execution, &visit, &outcome);
    let is_task = decision.is_task(visit.step_id);
    match refused.map_or(outcome, Outcome::Failed) {
        Outcome::Completed(completion) if is_task => flow::completed(decision, visit, completion),
        Outcome::Waiting(request) if is_task => flow::waits(decision, visit, request),
        Outcome::Exited { reason } if is_task => {
            let output = serde_json::json!({ "exited": true, "reason": reason });
            flow::completed(decision, visit, Completion { output, ..Completion::default() });
        }
        Outcome::Completed(completion) => visit::complete(decision, visit, completion),
        Outcome::Waiting(request) if !request.can_end(execution.contact_id) => {
            let message = "nothing can end this wait: add a time limit, or start the workflow for a contact";
            end::fail(decision, visit, Failure::fatal("endless-wait", message));
        }
        Outcome::Waiting(request) => visit::wait(decision, visit, request),
        Outcome::Checkpoint { .. } if visit.resumes >= MAX_RESUMES => {
            let message = format!("the step was resumed {MAX_RESUMES} times without coming to an end");
            end::fail(decision, visit, Failure::fatal("too-many-checkpoints", message));
        }
        Outcome::Checkpoint { state } => visit::checkpoint(decision, visit, state),
        Outcome::Exited { reason } => end::exit(decision, visit, reason),
        Outcome::Failed(failure) => match retry::next(&policy, &failure, visit.attempt, decision.given.now, spread) {
            Some(at) => visit::try_again(decision, visit, failure, at),
            None if is_task => flow::failed(decision, visit, failure),
            None => end::fail(decision, visit, failure),
        },
    }
}

#[cfg(test)]
#[path = "advance_tests.rs"]
mod tests;
