//! Adding a step, and keeping the trigger step in agreement with the workflow's trigger.

use serde_json::Value;
use stepwell_core::{ERROR_BRANCH, Given, Graph, Guard, Step, TRIGGER, Timestamp, Transition};

use super::{Declared, exits, push_step, push_transition};
use crate::error::ApiError;
use crate::workflows::edge::Label;
use crate::workflows::step_type::CONDITION;

/// Adds a step; with `auto_connect` also a transition to it from the newest step that can have one and has none.
pub(crate) fn add_step(
    graph: &mut Graph,
    step: Step,
    auto_connect: bool,
    declared: Declared<'_>,
    given: &Given<'_>,
) -> Result<(), ApiError> {
    if step.step_type == TRIGGER {
        return Err(ApiError::bad_request("A workflow has one TRIGGER step, which is made with it"));
    }
    let parent = if auto_connect { parent(graph, declared) } else { None };
    let to = step.id;
    push_step(graph, step)?;
    match parent {
        Some((from, guard)) => push_transition(
            graph,
            Transition {
                id: given.id(),
                from,
                to,
                guard,
                priority: 0,
                condition: None,
                looping: None,
                created_at: given.now,
                updated_at: given.now,
            },
        ),
        None => Ok(()),
    }
}

/// The newest step from which a transition without a label may lead on, and what that transition means. A CONDITION is no
/// such step: which of its branches is meant, nobody has said.
fn parent(graph: &Graph, declared: Declared<'_>) -> Option<(stepwell_core::StepId, Guard)> {
    graph.steps.iter().rev().find_map(|step| {
        if step.step_type == CONDITION || goes_on(graph, step) {
            return None;
        }
        Some((step.id, exits(step, declared).unlabelled()?))
    })
}

/// Whether a step has a transition other than the one for failures.
fn goes_on(graph: &Graph, step: &Step) -> bool {
    let error = Label::branch(ERROR_BRANCH).guard;
    graph.transitions.iter().any(|transition| transition.from == step.id && transition.guard != error)
}

/// Gives the trigger step the name and configuration that follow from the workflow's trigger.
pub(crate) fn rewrite_trigger(graph: &mut Graph, name: &str, config: &Value, now: Timestamp) {
    let Some(step) = graph.steps.iter_mut().find(|step| step.step_type == TRIGGER) else { return };
    if step.name != name || step.config != *config {
        name.clone_into(&mut step.name);
        step.config = config.clone();
        step.updated_at = now;
    }
}
