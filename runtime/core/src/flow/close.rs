//! How people change a flow and its phases: who answers for them, when they are due, and whether the flow goes on.

use serde_json::json;

use super::act::ActRefused;
use super::change;
use super::happening::HappeningKind;
use super::patch::{FlowPatch, PhasePatch};
use super::people::{Closing, Flow};
use super::reopen;
use super::status::FlowStatus;
use crate::decision::Decision;
use crate::end;
use crate::execution::ExecutionStatus;
use crate::journal::JournalKind;

/// Changes a phase, found by its id in the execution. How it stands is never set.
pub(super) fn patch_phase(decision: &mut Decision<'_>, id: &str, patch: PhasePatch) -> Result<(), ActRefused> {
    let Some(mut flow) = decision.flow().cloned() else { return Err(ActRefused::FlowNotStarted) };
    let assignees = patch.assignees.map(|assignees| change::resolved(decision, &assignees));
    let phase = flow.data.phases.iter_mut().find(|phase| phase.id == id);
    let phase = phase.ok_or_else(|| ActRefused::UnknownPhase(id.to_owned()))?;
    let before = phase.clone();
    if let Some(name) = patch.name {
        phase.name = name;
    }
    if let Some(rule) = patch.due_rule {
        (phase.due_rule, phase.due_by_hand) = (Some(rule), false);
    }
    if let Some(due) = patch.due {
        (phase.due, phase.due_by_hand) = (due, true);
    }
    if assignees.is_some() {
        phase.assignees = assignees;
    }
    if *phase == before {
        return Ok(());
    }
    phase.updated_at = decision.given.now;
    let (key, name) = (phase.key.clone(), phase.name.clone());
    decision.put_flow(flow);
    let data = json!({ "phaseId": id, "name": name, "by": decision.by });
    decision.note(JournalKind::PhaseChanged, None, data);
    decision.happened(HappeningKind::PhaseUpdated, None, Some(key));
    Ok(())
}

/// Changes the flow: its members first, then where it stands.
pub(super) fn patch_flow(decision: &mut Decision<'_>, patch: FlowPatch) -> Result<(), ActRefused> {
    let Some(flow) = decision.flow().cloned() else { return Err(ActRefused::FlowNotStarted) };
    let (from, to) = (flow.status, patch.status.unwrap_or(flow.status));
    if !from.may_become(to) {
        return Err(ActRefused::FlowStatus { from, to });
    }
    let (closed_by, completed_at) = (patch.closed_by.clone(), patch.completed_at);
    let changed = with_members(decision, flow.clone(), patch)?;
    if changed != flow {
        decision.put_flow(changed);
        let data = json!({ "by": decision.by });
        decision.note(JournalKind::FlowChanged, None, data);
    }
    move_to(decision, from, to);
    if let Some(mut flow) = decision.flow().cloned().filter(|_| to != FlowStatus::Started) {
        flow.data.closed_by = closed_by.filter(|_| to == FlowStatus::Closed).or(flow.data.closed_by);
        flow.data.completed_at = completed_at.or(flow.data.completed_at);
        if decision.flow() != Some(&flow) {
            decision.put_flow(flow);
        }
    }
    Ok(())
}

fn with_members(decision: &mut Decision<'_>, mut flow: Flow, patch: FlowPatch) -> Result<Flow, ActRefused> {
    if let Some(closing) = patch.closing {
        flow.data.closing = merged(&flow.data.closing, closing)?;
    }
    if let Some(contexts) = patch.contexts {
        if contexts != flow.contexts {
            flow.contexts = contexts;
            decision.people_changes().contexts_changed = true;
        }
        decision.happened(HappeningKind::FlowContextsChanged, None, None);
    }
    if let Some(assignees) = patch.assignees {
        flow.data.assignees = change::resolved(decision, &assignees);
        decision.happened(HappeningKind::FlowAssigned, None, None);
    }
    if patch.due.is_some() || patch.due_rule.is_some() {
        decision.happened(HappeningKind::FlowDueDateChanged, None, None);
    }
    if let Some(rule) = patch.due_rule {
        (flow.data.due_rule, flow.data.due_by_hand) = (Some(rule), false);
    }
    if let Some(due) = patch.due {
        (flow.due, flow.data.due_by_hand) = (due, true);
    }
    Ok(flow)
}

/// What is known of why a flow is closed, with what is said of it now: members that are none stay.
fn merged(known: &Closing, said: Closing) -> Result<Closing, ActRefused> {
    let merged = Closing {
        configured: said.configured.or_else(|| known.configured.clone()),
        selected: said.selected.or_else(|| known.selected.clone()),
        description: said.description.or_else(|| known.description.clone()),
        single: said.single.or(known.single),
    };
    let several = merged.selected.as_ref().is_some_and(|reasons| reasons.len() > 1);
    if several && merged.single == Some(true) { Err(ActRefused::OneReason) } else { Ok(merged) }
}

fn move_to(decision: &mut Decision<'_>, from: FlowStatus, to: FlowStatus) {
    if from == to {
        return;
    }
    match to {
        FlowStatus::Started => {
            reopen::reopen(decision);
        }
        FlowStatus::Done => {
            cut(decision);
            end::end(decision, ExecutionStatus::Completed, JournalKind::ExecutionCompleted, None);
        }
        FlowStatus::Closed => {
            cut(decision);
            end::end(decision, ExecutionStatus::Stopped, JournalKind::FlowClosed, None);
        }
    }
}

/// Gives up the paths, and remembers where they stood.
fn cut(decision: &mut Decision<'_>) {
    let on: Vec<_> = decision.active().map(|visit| visit.step_id).collect();
    let marking = &mut decision.changes.execution.marking;
    marking.cut.extend(on);
    marking.open_by_hand = false;
    decision.changes.execution.current_step_id = None;
    decision.skip(|_| true);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::people::Reason;

    fn reasons(ids: &[&str]) -> Option<Vec<Reason>> {
        Some(ids.iter().map(|id| Reason { id: (*id).to_owned(), title: id.to_uppercase() }).collect())
    }

    #[test]
    fn what_is_not_said_of_closing_stays() {
        let known = Closing { configured: reasons(&["a", "b"]), description: Some("why".into()), ..Closing::default() };
        let merged = merged(&known, Closing { selected: reasons(&["a"]), ..Closing::default() });
        assert_eq!(merged, Ok(Closing { selected: reasons(&["a"]), ..known }));
    }

    #[test]
    fn of_reasons_of_which_one_may_be_chosen_several_are_refused() {
        let known = Closing { single: Some(true), ..Closing::default() };
        let said = |ids: &[&str]| Closing { selected: reasons(ids), ..Closing::default() };
        assert_eq!(merged(&known, said(&["a", "b"])), Err(ActRefused::OneReason));
        assert!(merged(&known, said(&["a"])).is_ok());
        assert!(merged(&Closing::default(), said(&["a", "b"])).is_ok());
    }
}
