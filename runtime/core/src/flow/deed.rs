//! What becomes of an execution when a person does something to it.

use super::act::{Act, ActRefused, Deed};
use super::{change, close, edit, insert, work};
use crate::advance::{Refused, State};
use crate::changes::Changes;
use crate::clock::Given;
use crate::decision::Decision;
use crate::walk;

/// Decides what an act changes. What is refused changes nothing.
pub(crate) fn acted(state: State<'_>, mut act: Act, given: &Given<'_>) -> Result<Changes, Refused> {
    let Some(people) = state.people else { return Err(Refused::Act(ActRefused::FlowNotStarted)) };
    let own = edit::graph(&state, people, &mut act.does, given).map_err(Refused::Act)?;
    let graph = own.as_ref().unwrap_or(state.graph);
    let mut decision = Decision::about(State { graph, ..state }, given);
    decision.by = Some(act.by);
    if let Some(own) = &own {
        edit::take_over(&mut decision, state.graph, own);
    }
    done(&mut decision, act.does).map_err(Refused::Act)?;
    if !decision.changes.execution.status.is_terminal() {
        super::settle(&mut decision);
        walk::arrived(&mut decision);
    }
    Ok(decision.made())
}

fn done(decision: &mut Decision<'_>, deed: Deed) -> Result<(), ActRefused> {
    match deed {
        Deed::PatchTask(task, patch) => change::patch(decision, task, *patch),
        Deed::Complete(task, completion) => change::complete(decision, task, completion),
        Deed::Skip(task, reason) => change::skip(decision, task, reason),
        Deed::Assign(task, assignees) => change::assign(decision, task, assignees),
        Deed::Execute(task) => work::execute(decision, task),
        Deed::RunAutomation(task) => work::run_automation(decision, task),
        Deed::RunScheduleNow(task) => work::run_schedule_now(decision, task),
        Deed::CancelSchedule(task) => work::cancel_schedule(decision, task),
        Deed::Reconcile(task, result) => work::reconcile(decision, task, result),
        Deed::PatchPhase(phase, patch) => close::patch_phase(decision, &phase, patch),
        Deed::PatchFlow(patch) => close::patch_flow(decision, *patch),
        Deed::AddTask(add) => insert::add(decision, *add),
        Deed::InsertItem(item) => insert::item(decision, *item),
        Deed::MoveItem { task, section, index } => insert::moved(decision, task, section, index),
        Deed::RemoveItem(task) => insert::removed(decision, task),
        Deed::Several(deeds) => deeds.into_iter().try_for_each(|deed| done(decision, deed)),
    }
}
