//! How a flow that has ended is opened again: it stands where it was ended (spec epilot-flows, 9).

use serde_json::json;

use super::enter::{self, Seen};
use super::happening::HappeningKind;
use super::leave;
use super::people::Flow;
use super::run;
use super::status::{FlowStatus, TaskStatus};
use super::task::Task;
use crate::decision::Decision;
use crate::definition::{Join, Reentry};
use crate::execution::ExecutionStatus;
use crate::id::StepId;
use crate::journal::JournalKind;
use crate::walk;

/// Opens the flow again, where it was ended. One that ran to its end stands still until somebody goes on with it.
pub(super) fn reopen(decision: &mut Decision<'_>) {
    let cut = std::mem::take(&mut decision.changes.execution.marking.cut);
    started(decision);
    let (mut seen, mut joining) = (Seen::new(), Vec::new());
    // First where paths stand: behind what was done meanwhile may be one of these.
    let is_done = |step: &StepId| decision.task_of(*step).is_some_and(|task| task.status.is_done());
    let (done, open): (Vec<_>, Vec<_>) = cut.into_iter().partition(is_done);
    for step in open.into_iter().chain(done) {
        let task = decision.task_of(step);
        let joins = decision.graph.step(step).is_some_and(|step| step.join == Join::All);
        match task.map(|task| task.status) {
            Some(TaskStatus::Pending) if joins => joining.push(step),
            Some(status) if status.is_done() => enter::arrive(decision, step, &mut seen, &mut joining),
            Some(_) => stand(decision, step),
            None => {}
        }
    }
    walk::join_up(decision, &joining);
    leave::exits(decision);
    let nothing = decision.active().next().is_none();
    decision.changes.execution.marking.open_by_hand = nothing;
}

/// An execution that has ended goes on; where is said by others.
pub(super) fn started(decision: &mut Decision<'_>) {
    let execution = &mut decision.changes.execution;
    execution.status = ExecutionStatus::Running;
    execution.completed_at = None;
    execution.exit_reason = None;
    if execution.reentry != Reentry::Always {
        execution.reentry_key = execution.contact_id.map(|contact| contact.to_string());
    }
    // Until a path stands somewhere: nothing else may end it meanwhile.
    execution.marking.open_by_hand = true;
    let data = json!({ "by": decision.by });
    decision.note(JournalKind::FlowReopened, None, data);
    let Some(flow) = decision.flow().cloned() else { return };
    let mut flow = Flow { status: FlowStatus::Started, ..flow };
    (flow.data.completed_at, flow.data.closed_at, flow.data.closed_by) = (None, None, None);
    decision.put_flow(flow);
    decision.happened(HappeningKind::FlowReopened, None, None);
}

/// A path stands on a task as it is: one that is pending begins, another waits for a person with the status that it has.
pub(super) fn stand(decision: &mut Decision<'_>, step: StepId) {
    let visit = decision.new_visit(step);
    let Some(task) = decision.task_of(step).cloned() else { return };
    match task.status {
        TaskStatus::Pending | TaskStatus::Scheduled | TaskStatus::ConditionPending => enter::take_up(decision, visit),
        status => {
            let now = decision.given.now;
            decision.happened(HappeningKind::CurrTaskChanged, Some(task.id), task.phase.clone());
            enter::enter_phase(decision, task.phase.as_deref());
            decision.changes.execution.current_step_id = Some(step);
            decision.put_task(Task { current_since: Some(now), ..task });
            run::ask_person(decision, visit, status, None);
        }
    }
}
