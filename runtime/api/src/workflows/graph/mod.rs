//! Edits of graphs, as pure functions: each takes a graph, changes it or refuses, and does no I/O (spec plunk-workflows, 4, 5).
//!
//! They keep what the engine relies on: one trigger that nothing leads to, no cycle, no two transitions for the same case.

mod connect;
mod copy;
mod remove;
mod step;

pub(super) use connect::{Wish, connect, disconnect, insert_step};
pub(super) use copy::copy;
pub(super) use remove::{Removal, remove_step};
pub(super) use step::{add_step, rewrite_trigger};

use stepwell_core::{Graph, Step, StepId, Transition, TransitionId};

use super::edge::Exits;
use crate::error::ApiError;

/// The most steps of a graph.
pub(super) const MAX_STEPS: usize = 1_000;
/// The most transitions of a graph.
pub(super) const MAX_TRANSITIONS: usize = 5_000;

/// The branches that a step's type declares.
pub(super) type Declared<'a> = &'a (dyn Fn(&Step) -> Vec<String> + Sync);

/// The step of this id, or 404.
pub(super) fn step(graph: &Graph, id: StepId) -> Result<&Step, ApiError> {
    graph.step(id).ok_or_else(|| ApiError::not_found("RESOURCE_NOT_FOUND", "Workflow step not found"))
}

/// The transition of this id, or 404.
pub(super) fn transition(graph: &Graph, id: TransitionId) -> Result<&Transition, ApiError> {
    let found = graph.transitions.iter().find(|transition| transition.id == id);
    found.ok_or_else(|| ApiError::not_found("RESOURCE_NOT_FOUND", "Transition not found"))
}

fn exits(step: &Step, declared: Declared<'_>) -> Exits {
    Exits::of(step, &declared(step))
}

fn push_step(graph: &mut Graph, step: Step) -> Result<(), ApiError> {
    if graph.steps.len() >= MAX_STEPS {
        return Err(ApiError::bad_request(format!("A workflow has at most {MAX_STEPS} steps")));
    }
    graph.steps.push(step);
    Ok(())
}

fn push_transition(graph: &mut Graph, transition: Transition) -> Result<(), ApiError> {
    if graph.transitions.len() >= MAX_TRANSITIONS {
        return Err(ApiError::bad_request(format!("A workflow has at most {MAX_TRANSITIONS} transitions")));
    }
    graph.transitions.push(transition);
    Ok(())
}

#[cfg(test)]
mod tests;
