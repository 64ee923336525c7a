//! Transitions: drawing one, putting a step into one, taking one away.

use serde_json::Value;
use stepwell_core::{Given, Graph, Guard, Step, StepId, TRIGGER, Transition, TransitionId};

use super::{Declared, exits, push_step, push_transition, step, transition};
use crate::error::ApiError;
use crate::workflows::edge::{Exits, Label, WaitOutcome, first_branch, label, no_way_out};
use crate::workflows::step_type::EXIT;

/// A transition as somebody wants it.
pub(crate) struct Wish<'a> {
    pub(crate) from: StepId,
    pub(crate) to: StepId,
    pub(crate) condition: Option<&'a Value>,
    pub(crate) wait_outcome: Option<WaitOutcome>,
    pub(crate) priority: i32,
}

/// Draws a transition.
pub(crate) fn connect(
    graph: &mut Graph,
    wish: &Wish<'_>,
    declared: Declared<'_>,
    given: &Given<'_>,
) -> Result<Transition, ApiError> {
    let (from, to) = (step(graph, wish.from)?, step(graph, wish.to)?);
    let exits = exits(from, declared);
    check_ends(from, to, &exits)?;
    let label = label(from, &exits, wish.condition, wish.wait_outcome)?;
    check_free(graph, from, &label.guard)?;
    if graph.would_cycle(wish.from, wish.to) {
        return Err(ApiError::bad_request("This transition would close a cycle"));
    }
    let new = Transition { priority: wish.priority, ..edge(wish.from, wish.to, label, given) };
    push_transition(graph, new.clone())?;
    Ok(new)
}

fn check_ends(from: &Step, to: &Step, exits: &Exits) -> Result<(), ApiError> {
    if from.id == to.id {
        return Err(ApiError::bad_request("A step cannot lead to itself"));
    }
    if *exits == Exits::Nothing {
        return Err(no_way_out());
    }
    if to.step_type == TRIGGER {
        return Err(ApiError::bad_request("No transition leads to the TRIGGER step"));
    }
    Ok(())
}

/// Refuses a second transition for the same case.
fn check_free(graph: &Graph, from: &Step, guard: &Guard) -> Result<(), ApiError> {
    let taken = graph.transitions.iter().any(|known| known.from == from.id && known.guard == *guard);
    match guard {
        _ if !taken => Ok(()),
        Guard::Branch(name) => {
            Err(ApiError::bad_request(format!("The step has a transition for the branch {name} already")))
        }
        Guard::Always | Guard::Otherwise | Guard::Never => {
            Err(ApiError::bad_request("The step has an outgoing transition already"))
        }
    }
}

fn edge(from: StepId, to: StepId, label: Label, given: &Given<'_>) -> Transition {
    Transition {
        id: given.id(),
        from,
        to,
        guard: label.guard,
        priority: 0,
        condition: label.condition,
        looping: None,
        created_at: given.now,
        updated_at: given.now,
    }
}

/// Puts a step into a transition: what led to the old target leads to the step, and from there a new transition leads on.
pub(crate) fn insert_step(
    graph: &mut Graph,
    into: TransitionId,
    new: Step,
    declared: Declared<'_>,
    given: &Given<'_>,
) -> Result<(), ApiError> {
    let split = transition(graph, into)?.clone();
    if [TRIGGER, EXIT].contains(&new.step_type.as_str()) {
        return Err(ApiError::bad_request("Neither a TRIGGER nor an EXIT step can stand within a transition"));
    }
    let exits = exits(&new, declared);
    let on = match first_branch(&new, &exits) {
        Some(branch) => Label::branch(&branch),
        None => Label::none(exits.unlabelled().ok_or_else(no_way_out)?),
    };
    let on = edge(new.id, split.to, on, given);
    for old in graph.transitions.iter_mut().filter(|old| old.id == into) {
        old.to = new.id;
        old.updated_at = given.now;
    }
    push_step(graph, new)?;
    push_transition(graph, on)
}

/// Takes a transition away.
pub(crate) fn disconnect(graph: &mut Graph, id: TransitionId) -> Result<(), ApiError> {
    transition(graph, id)?;
    graph.transitions.retain(|known| known.id != id);
    Ok(())
}
