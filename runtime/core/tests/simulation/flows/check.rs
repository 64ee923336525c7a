//! What must be true of flows: of a change as it is written, and of a flow as it is stored.

use std::collections::BTreeSet;

use stepwell_core::flow::{Act, Deed, FlowStatus, People, PhaseStatus, Task, TaskStatus};
use stepwell_core::{
    Changes, Given, Input, JournalKind, Looping, SequentialIds, State, StepExecution, StepStatus, TransitionId, advance,
};

use super::chart::Standing;
use super::tally;
use crate::check::{Checked, ensure, told};
use crate::map::Map;
use crate::world::Record;

/// Nothing changes in a flow that has ended but where it is opened again, or what is noted about its tasks.
pub(crate) fn transition(before: &Record, changes: &Changes, map: &Map) -> Checked {
    let (old, new) = (before.execution.status, changes.execution.status);
    let reopened = changes.journal.iter().any(|entry| entry.kind == JournalKind::FlowReopened);
    if old.is_terminal() && !reopened {
        ensure!(changes.visits.is_empty() && changes.waits.is_empty(), "a path begins in a flow that is {old:?}");
        ensure!(new.is_terminal(), "a flow that was {old:?} is {new:?}, and nobody opened it");
    }
    passes(before, changes, map)?;
    let Some((people, changed)) = before.people.as_ref().zip(changes.people.as_deref()) else { return Ok(()) };
    for task in &changed.tasks {
        let twin = people.tasks.iter().find(|known| known.step_id == task.step_id && known.id != task.id);
        ensure!(twin.is_none(), "two tasks of one step: {} and {twin:?}", task.key);
    }
    Ok(())
}

/// A loop that begins anew gives up the paths in it, and the loops inside it count anew.
fn passes(before: &Record, changes: &Changes, map: &Map) -> Checked {
    let Some(chart) = &map.chart else { return Ok(()) };
    let begun = changes.journal.iter().filter(|entry| entry.kind == JournalKind::PassBegun);
    let begun: Vec<TransitionId> = begun
        .filter_map(|entry| entry.data["transitionId"].as_str()?.parse::<uuid::Uuid>().ok())
        .map(Into::into)
        .collect();
    for (at, counter) in begun.iter().enumerate() {
        for inner in chart.inside(*counter).into_iter().filter(|inner| !begun[at..].contains(inner)) {
            let passed = changes.execution.marking.passed(inner);
            ensure!(passed == 0, "a loop goes on counting at {passed} when the one around it begins anew");
        }
        for row in before.rows.iter().filter(|row| !row.visit.status.is_done()) {
            let over = changes.visits.iter().any(|visit| visit.id == row.visit.id && visit.status.is_done());
            let inside = chart.repeats_step(*counter, row.visit.step_id);
            ensure!(over || !inside, "a path stays in a loop that begins anew: {:?}", row.visit);
        }
    }
    Ok(())
}

/// What must be true of a stored flow, whenever one looks.
pub(crate) fn state(record: &Record, map: &Map) -> Checked {
    let Some(people) = &record.people else { return Ok(()) };
    let at = |broken: String| format!("{broken}: {}\n  of the tasks{}", told(&record.journal), shown(people));
    tasks(record, people, map).map_err(at)?;
    rounds(record, map).map_err(at)?;
    phases(record, people, map).map_err(at)?;
    tally::visits(record).map_err(at)?;
    // Dear, so not of every state.
    if record.execution.row_version % 5 == 0 || record.execution.status.is_terminal() {
        settled(record, people, map).map_err(at)?;
    }
    Ok(())
}

/// The tasks, for the reader of a failure.
fn shown(people: &People) -> String {
    let task = |task: &Task| {
        let current = if task.current_since.is_some() { "current" } else { "" };
        let (phase, chosen) = (task.phase.as_deref().unwrap_or("-"), &task.data.chosen);
        format!("\n    {} in {phase}: {:?} {current} {chosen:?}", task.key, task.status)
    };
    let phase = |phase: &stepwell_core::flow::Phase| format!("\n    {}: {:?}", phase.key, phase.status);
    people.tasks.iter().map(task).chain(people.flow.data.phases.iter().map(phase)).collect()
}

/// A task is current exactly while a path stands on it, and then it is not done; it is scheduled exactly while its time is waited for.
fn tasks(record: &Record, people: &People, map: &Map) -> Checked {
    let ids: BTreeSet<_> = people.tasks.iter().map(|task| task.id).collect();
    ensure!(ids.len() == people.tasks.len(), "two tasks have one id");
    let status = FlowStatus::of(record.execution.status);
    ensure!(people.flow.status == status, "a flow is {:?}, its execution {status:?}", people.flow.status);
    let active = || record.rows.iter().map(|row| &row.visit).filter(|visit| !visit.status.is_done());
    for visit in active() {
        let of_task = people.tasks.iter().any(|task| task.step_id == visit.step_id);
        ensure!(of_task, "a path stands on a step that is no task");
    }
    for task in &people.tasks {
        let key = &task.key;
        ensure!(map.step(task.step_id).is_some(), "{key} is of no step");
        let visit = active().find(|visit| visit.step_id == task.step_id && !visit.is_held());
        let current = task.current_since.is_some();
        ensure!(!(task.status.is_done() && current), "{key} is {:?} and current", task.status);
        ensure!(current == visit.is_some(), "{key} is current: {current}, a path stands on it: {}", visit.is_some());
        scheduled(record, task, visit)?;
    }
    Ok(())
}

fn scheduled(record: &Record, task: &Task, visit: Option<&StepExecution>) -> Checked {
    let (key, scheduled) = (&task.key, task.status == TaskStatus::Scheduled);
    let due = visit.is_some_and(|visit| visit.due_at.is_some());
    ensure!(scheduled == due, "{key} is scheduled: {scheduled}, a time is waited for: {due}");
    let armed = task.data.armed.as_ref().is_some_and(|armed| armed.id.is_some());
    ensure!(scheduled == armed, "{key} is scheduled: {scheduled}, has a schedule: {armed}");
    let waits = || record.waits.iter().filter(|wait| visit.is_some_and(|visit| visit.id == wait.step_execution_id));
    let timed = waits().any(|wait| wait.due_at.is_some() && wait.task.is_some());
    ensure!(!scheduled || timed, "{key} is scheduled, and no wait has a time");
    ensure!(
        scheduled || waits().all(|wait| wait.due_at.is_none() || wait.ended_by.is_some()),
        "{key} is not scheduled, and a wait has a time"
    );
    Ok(())
}

/// No loop is repeated more often than it may be.
fn rounds(record: &Record, map: &Map) -> Checked {
    for edge in &map.transitions {
        if let Some(Looping::Back { max }) = edge.looping {
            let passed = record.execution.marking.passed(edge.id);
            ensure!(passed <= max, "a loop was repeated {passed} times, {max} are allowed");
        }
    }
    Ok(())
}

/// A phase is completed if, and only if, the rule says so.
fn phases(record: &Record, people: &People, map: &Map) -> Checked {
    let Some(chart) = &map.chart else { return Ok(()) };
    let mut standing = Standing { tasks: vec![None; chart.len()], on: 0, held: 0, marking: &record.execution.marking };
    for task in &people.tasks {
        if let Some(at) = chart.place(task.step_id) {
            standing.tasks[at] = Some(task);
        }
    }
    let active = record.rows.iter().map(|row| &row.visit).filter(|visit| !visit.status.is_done());
    for (visit, at) in active.filter_map(|visit| Some((visit, chart.place(visit.step_id)?))) {
        standing.on |= 1 << at;
        standing.held |= u64::from(visit.is_held()) << at;
    }
    if people.flow.status == FlowStatus::Closed {
        let stood = record.trail.stood.iter().filter_map(|step| chart.place(*step));
        let open = |at: &usize| standing.tasks[*at].is_some_and(|task| !task.status.is_done());
        standing.on = stood.filter(open).map(|at| 1 << at).sum();
    }
    let completed = chart.completed(&standing, |phase| record.trail.entered.contains(phase));
    for phase in &people.flow.data.phases {
        let says = completed.contains(&phase.key.as_str());
        let (key, status) = (&phase.key, phase.status);
        ensure!((status == PhaseStatus::Completed) == says, "phase {key} is {status:?}, completed by the rule: {says}");
        let inside = || people.tasks.iter().filter(|task| task.phase.as_ref() == Some(key));
        let under_way = inside().any(|task| task.current_since.is_some() || task.status == TaskStatus::InProgress);
        let wrong = status == PhaseStatus::Open && (under_way || inside().any(|task| task.status.is_done()));
        ensure!(!wrong, "phase {key} is open, and something was done in it");
    }
    Ok(())
}

/// Settling what is settled changes nothing.
fn settled(record: &Record, people: &People, map: &Map) -> Checked {
    let visits: Vec<_> = record.rows.iter().map(|row| &row.visit).filter(|it| !it.status.is_done()).cloned().collect();
    let (execution, people) = (&record.execution, Some(people));
    let (now, ids) = (execution.updated_at, SequentialIds::default());
    let state = State { graph: map, execution, visits: &visits, people };
    let nothing = Act { by: "ada".into(), does: Deed::Several(vec![]) };
    let changes = advance(state, Input::Acted(Box::new(nothing)), &Given::new(now, &ids));
    let changes = changes.map_err(|refused| format!("a flow is not settled: {refused}"))?;
    let none = changes.people.is_none() && changes.visits.is_empty() && changes.journal.is_empty();
    ensure!(none, "settling changes what was settled: {:?} {:?}", changes.people, changes.visits);
    ensure!(changes.execution.status == record.execution.status, "settling ends what goes on");
    Ok(())
}

/// What is left when nothing is due any more: no flow waits for the end of a child that has ended.
pub(crate) fn at_rest<'r>(record: &Record, find: impl Fn(stepwell_core::ExecutionId) -> Option<&'r Record>) -> Checked {
    for row in record.rows.iter().filter(|row| record.is_flow() && row.visit.status == StepStatus::Waiting) {
        let started = row.visit.state.as_ref().and_then(|state| state["id"].as_str()?.parse::<uuid::Uuid>().ok());
        let Some(child) = started.and_then(|id| find(id.into())) else { continue };
        let over = child.execution.status.is_terminal();
        ensure!(!over, "a child's end was never told: {}", told(&record.journal));
    }
    Ok(())
}
