//! Taking steps away.

use std::collections::HashSet;

use stepwell_core::{Graph, Step, StepId, TRIGGER, Timestamp};

use super::step;
use crate::error::ApiError;
use crate::workflows::step_type::CONDITION;

/// What goes with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// Its transitions.
    Step,
    /// Everything that only it leads to.
    Cascade,
    /// Its own transitions, but those that led to it lead to its first child.
    Splice,
}

/// The steps that a removal takes away, in the order in which they were added; a refusal if it is not possible.
fn removed_by(graph: &Graph, id: StepId, how: Removal) -> Result<Vec<StepId>, ApiError> {
    let target = step(graph, id)?;
    if target.step_type == TRIGGER {
        return Err(ApiError::bad_request("The TRIGGER step cannot be deleted; delete the workflow instead"));
    }
    match how {
        Removal::Step => Ok(vec![id]),
        Removal::Splice if target.step_type == CONDITION => {
            Err(ApiError::bad_request("A CONDITION step cannot be spliced out: which branch would go on?"))
        }
        Removal::Splice => Ok(vec![id]),
        Removal::Cascade => Ok(only_through(graph, id)),
    }
}

/// The step and everything that can be reached through it and in no other way.
fn only_through(graph: &Graph, id: StepId) -> Vec<StepId> {
    let below: HashSet<_> = graph.reachable(id).into_iter().collect();
    let mut kept: HashSet<_> = graph.steps.iter().map(|step| step.id).filter(|id| !below.contains(id)).collect();
    let mut open: Vec<_> = kept.iter().copied().collect();
    while let Some(at) = open.pop() {
        for next in graph.transitions.iter().filter(|transition| transition.from == at && transition.to != id) {
            if kept.insert(next.to) {
                open.push(next.to);
            }
        }
    }
    graph.steps.iter().map(|step| step.id).filter(|id| !kept.contains(id)).collect()
}

/// Takes a step away, with what `how` says, and gives back the steps that went.
pub(crate) fn remove_step(graph: &mut Graph, id: StepId, how: Removal, now: Timestamp) -> Result<Vec<Step>, ApiError> {
    let gone = removed_by(graph, id, how)?;
    if how == Removal::Splice
        && let Some(child) = graph.outgoing(id).first().map(|transition| transition.to)
    {
        for incoming in graph.transitions.iter_mut().filter(|transition| transition.to == id) {
            incoming.to = child;
            incoming.updated_at = now;
        }
    }
    graph.transitions.retain(|transition| !gone.contains(&transition.from) && !gone.contains(&transition.to));
    Ok(graph.steps.extract_if(.., |step| gone.contains(&step.id)).collect())
}
