//! How a flow goes back to a task that is done (spec epilot-flows, 11.4).

use std::collections::{BTreeSet, HashSet};

use serde_json::json;

use super::act::ActRefused;
use super::change::Answer;
use super::status::{FlowStatus, TaskStatus};
use super::task::Task;
use super::{leave, reopen, run};
use crate::decision::Decision;
use crate::id::StepId;
use crate::journal::JournalKind;
use crate::paths::Paths;

/// The task takes the status and becomes current; whatever lies behind it is as if no path had come to it. One that is done at once
/// leaves at once.
pub(super) fn back(decision: &mut Decision<'_>, task: Task, to: TaskStatus, answer: Answer) -> Result<(), ActRefused> {
    let mut behind = Paths::of(decision.graph).behind(task.step_id);
    behind.remove(&task.step_id);
    note(decision, &task, to);
    give_up(decision, &task, &behind);
    if decision.flow().is_some_and(|flow| flow.status != FlowStatus::Started) {
        decision.changes.execution.marking.cut.retain(|step| !behind.contains(step) && *step != task.step_id);
        reopen::reopen(decision);
    }
    let chosen = answer.chosen.unwrap_or_else(|| task.data.chosen.clone());
    let task = task.cleared(decision.given.now);
    if to.is_done() {
        let mut task = run::with_status(decision, task, to);
        task.data.chosen = if to == TaskStatus::Completed { chosen } else { Vec::new() };
        leave::left(decision, task);
    } else {
        let task = run::with_status(decision, task, to);
        let step = task.step_id;
        decision.put_task(task);
        reopen::stand(decision, step);
    }
    Ok(())
}

fn note(decision: &mut Decision<'_>, task: &Task, to: TaskStatus) {
    let data = json!({ "taskId": task.id, "name": task.name, "from": task.status, "to": to, "by": decision.by });
    decision.changes.note_of(JournalKind::TaskReverted, task.step_id, data, decision.given);
}

fn give_up(decision: &mut Decision<'_>, to: &Task, behind: &HashSet<StepId>) {
    decision.skip(|visit| behind.contains(&visit.step_id));
    let tasks: Vec<Task> =
        decision.tasks().into_iter().filter(|task| behind.contains(&task.step_id)).cloned().collect();
    let mut phases: BTreeSet<String> = tasks.iter().filter_map(|task| task.phase.clone()).collect();
    let now = decision.given.now;
    for task in tasks {
        decision.put_task(task.cleared(now));
    }
    // Loops that lie behind as a whole count anew; one that the task is part of stays in its round.
    let loops = decision.graph.drawn.iter().flat_map(|drawn| &drawn.compiled.loops);
    let anew: Vec<_> =
        loops.filter(|of| behind.contains(&of.decision) && !of.body.contains(&to.step_id)).map(|of| of.back).collect();
    let marking = &mut decision.changes.execution.marking;
    marking.passes.retain(|edge, _| !anew.contains(edge));
    phases.retain(|phase| to.phase.as_ref() != Some(phase));
    marking.ending.retain(|phase| !phases.contains(phase));
    left_phases(decision, behind);
}

/// Phases all of whose tasks lie behind were not entered.
fn left_phases(decision: &mut Decision<'_>, behind: &HashSet<StepId>) {
    let Some(mut flow) = decision.flow().cloned() else { return };
    let before: BTreeSet<String> = decision
        .tasks()
        .into_iter()
        .filter(|task| !behind.contains(&task.step_id))
        .filter_map(|task| task.phase.clone())
        .collect();
    let left = flow.data.phases.iter_mut().filter(|phase| !before.contains(&phase.key));
    left.for_each(|phase| phase.entered = false);
    decision.put_flow(flow);
}
