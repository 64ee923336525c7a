//! The state machine: what an input changes in an execution. Pure: no clock, no chance, no I/O.
//!
//! Invariants: nothing changes in an ended execution but by a retry; a step execution that is done stays as it is; every
//! execution that has not ended has a step execution that runs, is due or waits.

use serde_json::{Value, json};

use crate::branch;
use crate::changes::Changes;
use crate::clock::Given;
use crate::definition::{Graph, Reentry};
use crate::event::canonical_name;
use crate::execution::{Execution, ExecutionStatus, StepExecution, StepStatus, Wait};
use crate::id::{StepExecutionId, StepId};
use crate::journal::JournalKind;
use crate::outcome::{Completion, EventWait, Failure, Outcome, WaitRequest, Wake};
use crate::plugin::Digest;
use crate::retry::{self, RetryPolicy};
use crate::volume;

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
    /// Its step executions that are not done; for [`Input::Retried`] the one that failed.
    pub visits: &'a [StepExecution],
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
}

/// Why an input changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
}

/// Decides what an input changes. A step whose answer is more than may be kept has failed.
pub fn advance(state: State<'_>, input: Input, given: &Given<'_>) -> Result<Changes, Refused> {
    decided(state, input, given).map(|changes| volume::accounted(changes, state.visits))
}

fn decided(state: State<'_>, input: Input, given: &Given<'_>) -> Result<Changes, Refused> {
    if let Input::Retried = input {
        return retried(state, given);
    }
    if state.execution.status.is_terminal() {
        return Err(Refused::Ended);
    }
    let changes = Changes::of(state.execution, given);
    match input {
        Input::Settled { visit, run, outcome, plugin, retry, spread } => {
            let mut visit = active(state.visits, visit, StepStatus::Running)?;
            if visit.run() != run {
                return Err(Refused::NotActive);
            }
            visit.plugin = plugin.or(visit.plugin);
            Ok(settled(state, visit, outcome, (retry, spread), given))
        }
        Input::Woken { visit, wake } => {
            let visit = active(state.visits, visit, StepStatus::Waiting)?;
            if matches!(wake, Wake::Timer) && visit.due_at.is_none_or(|due| due > given.now) {
                return Err(Refused::NotActive);
            }
            Ok(woken(changes, visit, wake, given))
        }
        Input::Cancelled { reason } => Ok(cancelled(changes, state.visits, reason, given)),
        Input::Retried => Err(Refused::NotFailed),
    }
}

fn active(visits: &[StepExecution], id: StepExecutionId, status: StepStatus) -> Result<StepExecution, Refused> {
    let visit = visits.iter().find(|visit| visit.id == id && visit.status == status);
    visit.cloned().ok_or(Refused::NotActive)
}

fn settled(
    state: State<'_>,
    visit: StepExecution,
    outcome: Outcome,
    (policy, spread): (RetryPolicy, f64),
    given: &Given<'_>,
) -> Changes {
    let changes = Changes::of(state.execution, given);
    let refused = volume::refusal(state.execution, &visit, &outcome);
    match refused.map_or(outcome, Outcome::Failed) {
        Outcome::Completed(completion) => complete(changes, state.graph, visit, completion, given),
        Outcome::Waiting(request) if !request.can_end(state.execution.contact_id) => {
            let message = "nothing can end this wait: add a time limit, or start the workflow for a contact";
            fail(changes, state, visit, Failure::fatal("endless-wait", message), given)
        }
        Outcome::Waiting(request) => wait(changes, visit, request, given),
        Outcome::Checkpoint { .. } if visit.resumes >= MAX_RESUMES => {
            let message = format!("the step was resumed {MAX_RESUMES} times without coming to an end");
            fail(changes, state, visit, Failure::fatal("too-many-checkpoints", message), given)
        }
        Outcome::Checkpoint { state } => checkpoint(changes, visit, state, given),
        Outcome::Exited { reason } => exit(changes, state.visits, visit, reason, given),
        Outcome::Failed(failure) => match retry::next(&policy, &failure, visit.attempt, given.now, spread) {
            Some(at) => try_again(changes, visit, failure, at, given),
            None => fail(changes, state, visit, failure, given),
        },
    }
}

/// Ends a visit and follows its edge, or ends the execution where there is none.
fn complete(mut changes: Changes, graph: &Graph, visit: StepExecution, done: Completion, given: &Given<'_>) -> Changes {
    merge_event(&mut changes.execution.event, &done.merge_event);
    let visit = finished(visit, StepStatus::Completed, given);
    let data = done.branch.as_ref().map_or(Value::Null, |branch| json!({ "branch": branch }));
    changes.note(JournalKind::StepCompleted, Some(&visit), data, given);
    let from = visit.step_id;
    changes.visits.push(StepExecution { output: Some(done.output), failure: None, ..visit });
    follow(changes, graph, from, done.branch.as_deref(), given)
}

fn follow(mut changes: Changes, graph: &Graph, from: StepId, branch: Option<&str>, given: &Given<'_>) -> Changes {
    match branch::choose(graph, from, branch) {
        Some(edge) => enter(&mut changes, edge.to, given),
        None => {
            changes.execution.current_step_id = None;
            end(&mut changes, ExecutionStatus::Completed, JournalKind::ExecutionCompleted, None, given);
        }
    }
    changes
}

/// Adds a visit to a step that is due now.
pub(crate) fn enter(changes: &mut Changes, step: StepId, given: &Given<'_>) {
    let visit = new_visit(&changes.execution, step, given);
    changes.execution.current_step_id = Some(step);
    changes.execution.status = ExecutionStatus::Running;
    changes.note(JournalKind::StepScheduled, Some(&visit), Value::Null, given);
    changes.visits.push(visit);
}

pub(crate) fn new_visit(execution: &Execution, step: StepId, given: &Given<'_>) -> StepExecution {
    StepExecution {
        id: given.id(),
        workspace_id: execution.workspace_id,
        execution_id: execution.id,
        step_id: step,
        status: StepStatus::Running,
        attempt: 1,
        run_at: Some(given.now),
        resumes: 0,
        wake: None,
        state: None,
        output: None,
        failure: None,
        due_at: None,
        plugin: None,
        started_at: Some(given.now),
        completed_at: None,
        created_at: given.now,
        updated_at: given.now,
    }
}

fn wait(mut changes: Changes, visit: StepExecution, request: WaitRequest, given: &Given<'_>) -> Changes {
    changes.execution.status = ExecutionStatus::Waiting;
    let visit = StepExecution {
        status: StepStatus::Waiting,
        run_at: None,
        due_at: request.until,
        wake: None,
        state: Some(request.state),
        output: Some(request.output).filter(|output| !output.is_null()),
        updated_at: given.now,
        ..visit
    };
    let data = json!({
        "until": request.until.map(|time| time.to_rfc3339()),
        "eventName": request.event.as_ref().map(|event| &event.name),
    });
    changes.note(JournalKind::StepWaiting, Some(&visit), data, given);
    changes.waits.push(Wait {
        workspace_id: visit.workspace_id,
        execution_id: visit.execution_id,
        step_execution_id: visit.id,
        contact_id: changes.execution.contact_id,
        due_at: request.until,
        event: request.event.map(canonical),
        task: request.task,
        created_at: given.now,
    });
    changes.visits.push(visit);
    changes
}

/// The wait as the router matches it: an alias of a system event stands for the event.
fn canonical(event: EventWait) -> EventWait {
    EventWait { name: canonical_name(&event.name).to_owned(), ..event }
}

fn woken(mut changes: Changes, visit: StepExecution, wake: Wake, given: &Given<'_>) -> Changes {
    changes.execution.status = ExecutionStatus::Running;
    let data = match &wake {
        Wake::Event(event) => json!({ "by": "event", "eventName": event.name }),
        Wake::Timer => json!({ "by": "timer" }),
        Wake::Task(_) => json!({ "by": "task" }),
        Wake::Checkpoint => Value::Null,
    };
    changes.note(JournalKind::StepWoken, Some(&visit), data, given);
    changes.waits_over.push(visit.id);
    changes.visits.push(resumed(visit, wake, given));
    changes
}

fn checkpoint(mut changes: Changes, visit: StepExecution, state: Value, given: &Given<'_>) -> Changes {
    changes.note(JournalKind::StepCheckpointed, Some(&visit), Value::Null, given);
    let visit = resumed(visit, Wake::Checkpoint, given);
    changes.visits.push(StepExecution { state: Some(state), ..visit });
    changes
}

fn resumed(visit: StepExecution, wake: Wake, given: &Given<'_>) -> StepExecution {
    StepExecution {
        status: StepStatus::Running,
        run_at: Some(given.now),
        resumes: visit.resumes + 1,
        wake: Some(wake),
        updated_at: given.now,
        ..visit
    }
}

fn exit(
    mut changes: Changes,
    visits: &[StepExecution],
    visit: StepExecution,
    reason: Option<String>,
    given: &Given<'_>,
) -> Changes {
    let reason = reason.unwrap_or_else(|| "exit_step".to_owned());
    let id = visit.id;
    let visit = finished(visit, StepStatus::Completed, given);
    changes.note(JournalKind::StepCompleted, Some(&visit), Value::Null, given);
    changes.visits.push(StepExecution { output: Some(json!({ "exited": true, "reason": reason })), ..visit });
    skip_others(&mut changes, visits, Some(id), given);
    end(&mut changes, ExecutionStatus::Exited, JournalKind::ExecutionExited, Some(reason), given);
    changes
}

fn try_again(
    mut changes: Changes,
    visit: StepExecution,
    failure: Failure,
    at: crate::Timestamp,
    given: &Given<'_>,
) -> Changes {
    let data = json!({
        "code": failure.code, "message": failure.message, "attempt": visit.attempt, "nextAt": at.to_rfc3339(),
    });
    changes.note(JournalKind::StepRetrying, Some(&visit), data, given);
    changes.visits.push(StepExecution {
        status: StepStatus::Pending,
        attempt: visit.attempt + 1,
        run_at: Some(at),
        failure: Some(failure),
        updated_at: given.now,
        ..visit
    });
    changes
}

fn fail(mut changes: Changes, state: State<'_>, visit: StepExecution, failure: Failure, given: &Given<'_>) -> Changes {
    let data = json!({ "code": failure.code, "message": failure.message, "attempt": visit.attempt });
    let (id, from) = (visit.id, visit.step_id);
    let visit = finished(visit, StepStatus::Failed, given);
    changes.note(JournalKind::StepFailed, Some(&visit), data, given);
    changes.visits.push(StepExecution { failure: Some(failure.clone()), ..visit });
    if let Some(edge) = branch::on_error(state.graph, from, ERROR_BRANCH) {
        enter(&mut changes, edge.to, given);
        return changes;
    }
    skip_others(&mut changes, state.visits, Some(id), given);
    end(&mut changes, ExecutionStatus::Failed, JournalKind::ExecutionFailed, Some(failure.message), given);
    changes
}

fn cancelled(mut changes: Changes, visits: &[StepExecution], reason: String, given: &Given<'_>) -> Changes {
    skip_others(&mut changes, visits, None, given);
    end(&mut changes, ExecutionStatus::Cancelled, JournalKind::ExecutionCancelled, Some(reason), given);
    changes
}

fn retried(state: State<'_>, given: &Given<'_>) -> Result<Changes, Refused> {
    let failed = state.visits.iter().rev().find(|visit| visit.status == StepStatus::Failed);
    let (ExecutionStatus::Failed, Some(failed)) = (state.execution.status, failed) else {
        return Err(Refused::NotFailed);
    };
    // Clocks may disagree on which visit failed last; the execution itself knows where it stands.
    let step = state.execution.current_step_id.unwrap_or(failed.step_id);
    let mut changes = Changes::of(state.execution, given);
    changes.execution.completed_at = None;
    changes.execution.exit_reason = None;
    if state.execution.reentry != Reentry::Always {
        changes.execution.reentry_key = state.execution.contact_id.map(|contact| contact.to_string());
    }
    let failed = Some(failed).filter(|failed| failed.step_id == step);
    changes.note(JournalKind::ExecutionRetried, failed, Value::Null, given);
    enter(&mut changes, step, given);
    Ok(changes)
}

fn skip_others(changes: &mut Changes, visits: &[StepExecution], but: Option<StepExecutionId>, given: &Given<'_>) {
    for visit in visits.iter().filter(|visit| !visit.status.is_done() && Some(visit.id) != but) {
        if visit.status == StepStatus::Waiting {
            changes.waits_over.push(visit.id);
        }
        let visit = finished(visit.clone(), StepStatus::Skipped, given);
        changes.note(JournalKind::StepSkipped, Some(&visit), Value::Null, given);
        changes.visits.push(visit);
    }
}

fn finished(visit: StepExecution, status: StepStatus, given: &Given<'_>) -> StepExecution {
    StepExecution {
        status,
        run_at: None,
        wake: None,
        state: None,
        completed_at: Some(given.now),
        updated_at: given.now,
        ..visit
    }
}

fn end(changes: &mut Changes, status: ExecutionStatus, kind: JournalKind, reason: Option<String>, given: &Given<'_>) {
    let data = reason.as_ref().map_or(Value::Null, |reason| json!({ "reason": reason }));
    changes.note(kind, None, data, given);
    let execution = &mut changes.execution;
    execution.status = status;
    execution.completed_at = Some(given.now);
    execution.exit_reason = reason.filter(|_| matches!(status, ExecutionStatus::Exited | ExecutionStatus::Cancelled));
    if releases(execution.reentry, status) {
        execution.reentry_key = None;
    }
}

/// Whether an end lets the contact in again.
fn releases(reentry: Reentry, status: ExecutionStatus) -> bool {
    match reentry {
        Reentry::Once => false,
        Reentry::OnceUnlessFailed => matches!(status, ExecutionStatus::Failed | ExecutionStatus::Cancelled),
        Reentry::OneActive | Reentry::Always => true,
    }
}

pub(crate) fn merge_event(event: &mut Value, members: &Value) {
    let Value::Object(members) = members else { return };
    if !event.is_object() {
        *event = json!({});
    }
    if let Value::Object(event) = event {
        event.extend(members.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

#[cfg(test)]
#[path = "advance_tests.rs"]
mod tests;
