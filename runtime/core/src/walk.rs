//! Where an execution goes on: forks, joins and passes.
//!
//! A step is entered at most once in each pass, and an edge leads back only so often: every walk comes to an end.

use std::collections::HashSet;

use serde_json::json;

use crate::decision::Decision;
use crate::definition::{Graph, Join, Looping, Transition};
use crate::end;
use crate::execution::{ExecutionStatus, StepExecution, StepStatus};
use crate::flow::{self, LoopSpec, Seen};
use crate::id::{StepId, TransitionId};
use crate::journal::JournalKind;
use crate::paths::Paths;

/// Follows edges, and ends the execution where no path is left.
pub(crate) fn follow(decision: &mut Decision<'_>, edges: &[&Transition]) {
    if decision.graph.is_single_path() {
        edges.iter().for_each(|edge| decision.enter(edge.to));
    } else {
        along(decision, edges);
    }
    arrived(decision);
}

/// Notes where the execution stands, and ends it where no path is left.
pub(crate) fn arrived(decision: &mut Decision<'_>) {
    let newest = decision.active().max_by_key(|visit| (!visit.is_held(), visit.created_at, visit.id));
    let newest = newest.map(|visit| visit.step_id);
    decision.changes.execution.current_step_id = newest;
    if newest.is_none() && !decision.changes.execution.marking.open_by_hand {
        end::end(decision, ExecutionStatus::Completed, JournalKind::ExecutionCompleted, None);
    }
}

/// Arrives at the end of each edge, once every pass has begun: what is entered is part of it.
pub(crate) fn along(decision: &mut Decision<'_>, edges: &[&Transition]) {
    let mut begun = HashSet::new();
    for counter in edges.iter().filter_map(|edge| edge.counter()) {
        if begun.insert(counter) {
            begin_pass(decision, counter);
        }
    }
    let (mut seen, mut joining) = (Seen::new(), Vec::new());
    for edge in edges {
        arrive(decision, edge.to, &mut seen, &mut joining);
    }
    join_up(decision, &joining);
}

fn arrive(decision: &mut Decision<'_>, step: StepId, seen: &mut Seen, joining: &mut Vec<StepId>) {
    if decision.is_task(step) {
        flow::arrive(decision, step, seen, joining);
    } else if decision.changes.execution.marking.entered.insert(step) {
        enter_or_join(decision, step, joining);
    }
}

fn enter_or_join(decision: &mut Decision<'_>, step: StepId, joining: &mut Vec<StepId>) {
    match decision.graph.step(step).map(|step| step.join) {
        Some(Join::All) => joining.push(step),
        Some(Join::Any) | None => enter(decision, step),
    }
}

/// Goes on at steps where paths were cut off.
pub(crate) fn take_up(decision: &mut Decision<'_>, steps: impl IntoIterator<Item = StepId>) {
    let mut joining = Vec::new();
    for step in steps {
        enter_or_join(decision, step, &mut joining);
    }
    join_up(decision, &joining);
}

/// A loop's steps may be entered again. What is left of its last pass is given up, and loops inside count anew.
fn begin_pass(decision: &mut Decision<'_>, back: TransitionId) {
    let (body, inner) = repeated(decision.graph, back);
    let marking = &mut decision.changes.execution.marking;
    marking.entered.retain(|step| !body.contains(step));
    marking.passes.retain(|edge, _| !inner.contains(edge));
    let passed = marking.passes.entry(back).or_default();
    *passed += 1;
    let data = json!({ "transitionId": back, "pass": u64::from(*passed) + 1 });
    decision.note(JournalKind::PassBegun, None, data);
    decision.skip(|visit| body.contains(&visit.step_id));
    flow::again(decision, &body);
}

/// The steps that a loop repeats, and the edges that count the rounds of the loops inside it. What people drew says both.
fn repeated(graph: &Graph, back: TransitionId) -> (HashSet<StepId>, Vec<TransitionId>) {
    let drawn = graph.drawn.as_deref().map_or(&[][..], |drawn| &drawn.compiled.loops);
    if let Some(of) = drawn.iter().find(|of| of.back == back) {
        let body: HashSet<_> = of.body.iter().copied().collect();
        let inside = |it: &&LoopSpec| it.body.len() < body.len() && it.body.iter().all(|step| body.contains(step));
        let inner = drawn.iter().filter(inside).map(|it| it.back).collect();
        return (body, inner);
    }
    let paths = Paths::of(graph);
    let counting = graph.transitions.iter().filter(|edge| edge.counter() == Some(back));
    let body: HashSet<_> = counting.flat_map(|edge| paths.body(edge)).collect();
    let inside = |edge: &&Transition| {
        edge.id != back
            && matches!(edge.looping, Some(Looping::Back { .. }))
            && body.contains(&edge.from)
            && body.contains(&edge.to)
            // Of two edges that lead back over the same steps neither is inside the other: they would count for ever.
            && paths.body(edge).len() < body.len()
    };
    let inner = graph.transitions.iter().filter(inside).map(|edge| edge.id).collect();
    (body, inner)
}

/// A step is due, or its task becomes current.
fn enter(decision: &mut Decision<'_>, step: StepId) {
    let visit = decision.new_visit(step);
    go_on(decision, visit);
}

fn go_on(decision: &mut Decision<'_>, visit: StepExecution) {
    match decision.is_task(visit.step_id) {
        true => flow::take_up(decision, visit),
        false => decision.schedule(visit),
    }
}

/// Enters the joins to which no other path can come any more; a path that has newly come to another is held there.
pub(crate) fn join_up(decision: &mut Decision<'_>, joining: &[StepId]) {
    let (held, moving): (Vec<_>, Vec<_>) = decision.active().cloned().partition(StepExecution::is_held);
    let waiting: Vec<StepId> = held.iter().map(|visit| visit.step_id).chain(joining.iter().copied()).collect();
    if waiting.is_empty() {
        return;
    }
    let open = open(decision, &waiting, &moving);
    for visit in held.into_iter().filter(|visit| open.contains(&visit.step_id)) {
        let now = decision.given.now;
        let status = StepStatus::Running;
        go_on(decision, StepExecution { status, run_at: Some(now), started_at: Some(now), updated_at: now, ..visit });
    }
    for step in joining {
        match open.contains(step) {
            true => enter(decision, *step),
            false => hold(decision, *step),
        }
    }
}

/// The joins that are not waited for any more. Where joins wait for each other and nothing else moves, that is the first of them.
fn open(decision: &Decision<'_>, waiting: &[StepId], moving: &[StepExecution]) -> Vec<StepId> {
    if waiting.len() + moving.len() == 1 {
        return waiting.to_vec();
    }
    let paths = Paths::of(decision.graph);
    let closed = |join: StepId| {
        let before = paths.to_join(join);
        let others = moving.iter().map(|visit| visit.step_id).chain(waiting.iter().copied());
        others.filter(|other| *other != join).any(|other| before.contains(&other))
    };
    let open: Vec<_> = waiting.iter().copied().filter(|join| !closed(*join)).collect();
    match open.is_empty() && moving.is_empty() {
        true => waiting[..1].to_vec(),
        false => open,
    }
}

fn hold(decision: &mut Decision<'_>, step: StepId) {
    let visit = decision.new_visit(step);
    let visit = StepExecution { status: StepStatus::Pending, run_at: None, started_at: None, ..visit };
    decision.note(JournalKind::StepHeld, Some(&visit), serde_json::Value::Null);
    decision.put(visit);
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
