//! How paths go on behind a task that is done (spec epilot-flows, 11.3 and 10.2).

use super::enter::{self, Seen};
use super::happening::HappeningKind;
use super::settle;
use super::task::Task;
use crate::decision::Decision;
use crate::definition::{Graph, Guard, Transition};
use crate::id::StepId;
use crate::marking::Marking;
use crate::walk;

/// A current task is done: `task` is as it is from now on. Its edges are followed, or its phase's exit.
pub(crate) fn left(decision: &mut Decision<'_>, task: Task) {
    let (step, phase) = (task.step_id, task.phase.clone());
    let chosen = task.data.chosen.clone();
    decision.happened(HappeningKind::CurrTaskChanged, Some(task.id), phase.clone());
    decision.put_task(Task { current_since: None, updated_at: decision.given.now, ..task });
    let graph = decision.graph;
    let edges = edges(graph, &decision.changes.execution.marking, step, &chosen);
    if let (true, Some(phase)) = (edges.is_empty(), phase) {
        decision.changes.execution.marking.ending.insert(phase);
    }
    walk::along(decision, &edges);
    exits(decision);
    settle::all(decision);
    walk::arrived(decision);
}

/// A path comes to a task that is done already: it goes on behind it. Loops are not begun anew by that.
pub(super) fn pass_through(decision: &mut Decision<'_>, task: &Task, seen: &mut Seen, joining: &mut Vec<StepId>) {
    let graph = decision.graph;
    let edges = edges(graph, &decision.changes.execution.marking, task.step_id, &task.data.chosen);
    let leads_back = |edge: &Transition| edge.counter().is_some();
    if let (true, Some(phase)) = (edges.is_empty(), &task.phase) {
        decision.changes.execution.marking.ending.insert(phase.clone());
    }
    for edge in edges.into_iter().filter(|edge| !leads_back(edge)) {
        enter::arrive(decision, edge.to, seen, joining);
    }
}

/// The edges behind a task: the plain ones, those of the chosen branches, and if there are none of these the default ones.
pub(crate) fn edges<'g>(graph: &'g Graph, marking: &Marking, from: StepId, chosen: &[String]) -> Vec<&'g Transition> {
    let mut edges = graph.outgoing(from);
    edges.retain(|edge| marking.lets_pass(graph, edge));
    let named = |edge: &&Transition| matches!(&edge.guard, Guard::Branch(name) if chosen.contains(name));
    let any = edges.iter().any(named);
    edges.retain(|edge| match &edge.guard {
        Guard::Always => true,
        Guard::Branch(_) => named(edge),
        Guard::Otherwise => !any && chosen.is_empty(),
        Guard::Never => false,
    });
    edges
}

/// Takes the exits of phases in which paths have ended and in which nothing is current any more.
pub(crate) fn exits(decision: &mut Decision<'_>) {
    let graph = decision.graph;
    loop {
        let ending: Vec<String> = decision.changes.execution.marking.ending.iter().cloned().collect();
        let Some(phase) = ending.into_iter().find(|phase| !is_current(decision, phase)) else { return };
        decision.changes.execution.marking.ending.remove(&phase);
        let drawn = graph.drawn.as_deref();
        let exit = drawn.and_then(|drawn| drawn.compiled.exits.iter().find(|exit| exit.phase == phase));
        let (mut seen, mut joining) = (Seen::new(), Vec::new());
        for step in exit.map_or(&[][..], |exit| &exit.to) {
            enter::arrive(decision, *step, &mut seen, &mut joining);
        }
        walk::join_up(decision, &joining);
    }
}

fn is_current(decision: &Decision<'_>, phase: &str) -> bool {
    let of = |step: StepId| decision.graph.step(step).and_then(|step| step.task.as_ref()?.phase.as_deref());
    decision.active().any(|visit| of(visit.step_id) == Some(phase))
}
