//! How an execution ends, with all that is under way in it, and how a failed one is taken up again.

use serde_json::{Value, json};

use crate::advance::{ERROR_BRANCH, Refused, State};
use crate::branch;
use crate::changes::Changes;
use crate::clock::Given;
use crate::decision::Decision;
use crate::definition::Reentry;
use crate::execution::{ExecutionStatus, StepExecution, StepStatus};
use crate::flow;
use crate::journal::JournalKind;
use crate::outcome::Failure;
use crate::walk;

pub(crate) fn exit(decision: &mut Decision<'_>, visit: StepExecution, reason: Option<String>) {
    let reason = reason.unwrap_or_else(|| "exit_step".to_owned());
    let visit = decision.finished(visit, StepStatus::Completed);
    decision.note(JournalKind::StepCompleted, Some(&visit), Value::Null);
    decision.changes.execution.current_step_id = Some(visit.step_id);
    decision.put(StepExecution { output: Some(json!({ "exited": true, "reason": reason })), ..visit });
    decision.skip(|_| true);
    end(decision, ExecutionStatus::Exited, JournalKind::ExecutionExited, Some(reason));
}

/// A step has failed for good: its execution goes on along the edges for that, or ends with all its paths.
pub(crate) fn fail(decision: &mut Decision<'_>, visit: StepExecution, failure: Failure) {
    let data = json!({ "code": failure.code, "message": failure.message, "attempt": visit.attempt });
    let from = visit.step_id;
    let visit = decision.finished(visit, StepStatus::Failed);
    decision.note(JournalKind::StepFailed, Some(&visit), data);
    decision.put(StepExecution { failure: Some(failure.clone()), ..visit });
    let edges = branch::on_error(decision.graph, &decision.changes.execution.marking, from, ERROR_BRANCH);
    if !edges.is_empty() {
        return walk::follow(decision, &edges);
    }
    decision.changes.execution.current_step_id = Some(from);
    decision.changes.execution.marking.cut = decision.active().map(|visit| visit.step_id).collect();
    decision.skip(|_| true);
    end(decision, ExecutionStatus::Failed, JournalKind::ExecutionFailed, Some(failure.message));
}

pub(crate) fn cancelled(decision: &mut Decision<'_>, reason: String) {
    decision.skip(|_| true);
    end(decision, ExecutionStatus::Cancelled, JournalKind::ExecutionCancelled, Some(reason));
}

/// Takes a failed execution up at the step that failed, and at those that the failure cut off.
pub(crate) fn retried(state: State<'_>, given: &Given<'_>) -> Result<Changes, Refused> {
    let failed = state.visits.iter().rev().find(|visit| visit.status == StepStatus::Failed);
    let (ExecutionStatus::Failed, Some(failed)) = (state.execution.status, failed) else {
        return Err(Refused::NotFailed);
    };
    let mut decision = Decision::about(State { visits: &[], ..state }, given);
    let execution = &mut decision.changes.execution;
    execution.status = ExecutionStatus::Running;
    execution.completed_at = None;
    execution.exit_reason = None;
    if execution.reentry != Reentry::Always {
        execution.reentry_key = execution.contact_id.map(|contact| contact.to_string());
    }
    // Clocks may disagree on which visit failed last; the execution itself knows where it stands.
    let step = execution.current_step_id.unwrap_or(failed.step_id);
    let cut = std::mem::take(&mut execution.marking.cut);
    let failed = Some(failed).filter(|failed| failed.step_id == step);
    decision.note(JournalKind::ExecutionRetried, failed, Value::Null);
    walk::take_up(&mut decision, cut.into_iter().filter(|other| *other != step).chain([step]));
    Ok(decision.made())
}

pub(crate) fn end(decision: &mut Decision<'_>, status: ExecutionStatus, kind: JournalKind, reason: Option<String>) {
    let data = reason.as_ref().map_or(Value::Null, |reason| json!({ "reason": reason }));
    decision.note(kind, None, data);
    flow::ended(decision, status);
    let execution = &mut decision.changes.execution;
    execution.status = status;
    execution.completed_at = Some(decision.given.now);
    execution.exit_reason = reason.filter(|_| matches!(status, ExecutionStatus::Exited | ExecutionStatus::Cancelled));
    if releases(execution.reentry, status) {
        execution.reentry_key = None;
    }
}

/// Whether an end lets the contact in again.
pub(crate) fn releases(reentry: Reentry, status: ExecutionStatus) -> bool {
    match reentry {
        Reentry::Once => false,
        Reentry::OnceUnlessFailed => matches!(status, ExecutionStatus::Failed | ExecutionStatus::Cancelled),
        Reentry::OneActive | Reentry::Always => true,
    }
}
