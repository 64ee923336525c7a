//! Checklists: no paths, the first open task from top to bottom is the current one (spec epilot-flows, 13).

use super::reopen;
use super::status::FlowStatus;
use crate::decision::Decision;
use crate::id::StepId;

/// Lets the path stand on the first open task.
pub(crate) fn keep(decision: &mut Decision<'_>) {
    let started = decision.flow().is_some_and(|flow| flow.status == FlowStatus::Started);
    if !started || !is_list(decision) {
        return;
    }
    let first = first_open(decision);
    decision.skip(|visit| Some(visit.step_id) != first);
    let stands = decision.active().next().is_some();
    if let (Some(step), false) = (first, stands) {
        reopen::stand(decision, step);
    }
}

/// Whether there are no paths.
pub(crate) fn is_list(decision: &Decision<'_>) -> bool {
    decision.graph.drawn.as_ref().is_some_and(|drawn| drawn.list)
}

fn first_open(decision: &Decision<'_>) -> Option<StepId> {
    decision.tasks().into_iter().find(|task| !task.status.is_done()).map(|task| task.step_id)
}
