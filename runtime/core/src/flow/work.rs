//! How people set tasks to work: now, instead of by their schedule, or not at all (spec epilot-flows, 11.3, 11.5, 11.7, 11.8).

use super::act::{ActRefused, RunResult};
use super::change::{self, Answer};
use super::spec::{TaskKind, Trigger};
use super::status::{FlowStatus, TaskStatus};
use super::task::{Run, Task};
use super::{enter, run};
use crate::decision::Decision;
use crate::execution::{StepExecution, StepStatus};
use crate::id::TaskId;

/// Does a current task as if its time had come: a manual one is completed.
pub(super) fn execute(decision: &mut Decision<'_>, id: TaskId) -> Result<(), ActRefused> {
    let task = change::known(decision, id)?;
    if task.kind == TaskKind::Automation {
        return run_automation(decision, id);
    }
    if task.kind == TaskKind::Manual && task.status == TaskStatus::Completed {
        return Ok(());
    }
    let (task, visit) = ready(decision, task)?;
    match task.kind {
        TaskKind::Manual => {
            change::note(decision, &task, TaskStatus::Completed);
            let answer = Answer::default();
            change::leave(decision, task, visit, TaskStatus::Completed, answer);
        }
        TaskKind::Decision if asks_person(decision, &task) => return Err(ActRefused::NeedsBranch),
        TaskKind::Agent if task.status == TaskStatus::InProgress => {}
        TaskKind::Automation | TaskKind::Decision | TaskKind::Agent => begin(decision, task, visit),
    }
    Ok(())
}

/// Starts an automation, whoever was to begin it; one that runs is not started again.
pub(super) fn run_automation(decision: &mut Decision<'_>, id: TaskId) -> Result<(), ActRefused> {
    let task = automation(decision, id)?;
    let (task, visit) = ready(decision, task)?;
    if task.status != TaskStatus::InProgress {
        begin(decision, task, visit);
    }
    Ok(())
}

/// A schedule fires now.
pub(super) fn run_schedule_now(decision: &mut Decision<'_>, id: TaskId) -> Result<(), ActRefused> {
    let (task, visit) = scheduled(decision, id)?;
    if !task.enabled {
        return Err(ActRefused::Disabled);
    }
    begin(decision, task, visit);
    Ok(())
}

/// A schedule is cancelled, its task skipped.
pub(super) fn cancel_schedule(decision: &mut Decision<'_>, id: TaskId) -> Result<(), ActRefused> {
    let (task, visit) = scheduled(decision, id)?;
    change::note(decision, &task, TaskStatus::Skipped);
    let answer = Answer::default();
    change::leave(decision, task, visit, TaskStatus::Skipped, answer);
    Ok(())
}

/// Takes over what became of an automation, if it has ended and the task has not.
pub(super) fn reconcile(decision: &mut Decision<'_>, id: TaskId, result: RunResult) -> Result<(), ActRefused> {
    let mut task = automation(decision, id)?;
    let Some(to) = result.task_status().filter(|to| !task.status.is_done() && task.status != *to) else {
        return Ok(());
    };
    change::note(decision, &task, to);
    task.data.armed = None;
    let run = task.data.run.get_or_insert_with(Run::default);
    run.id = result.id.or(run.id.take());
    run.status = result.status;
    run.error = result.error;
    let visit = change::visit(decision, task.step_id).filter(|visit| !visit.is_held());
    let is_started = decision.flow().is_some_and(|flow| flow.status == FlowStatus::Started);
    match visit.filter(|_| is_started) {
        Some(visit) if to.is_done() => {
            change::leave(decision, task, visit, to, Answer::default());
        }
        Some(visit) => {
            let visit = run::again(decision, visit);
            let task = run::with_status(decision, task, to);
            decision.put_task(task);
            run::ask_person(decision, visit, to, None);
        }
        None => {
            let task = run::with_status(decision, task, to);
            decision.put_task(task);
        }
    }
    Ok(())
}

fn automation(decision: &Decision<'_>, id: TaskId) -> Result<Task, ActRefused> {
    let task = change::known(decision, id)?;
    match task.kind {
        TaskKind::Automation => Ok(task),
        TaskKind::Manual | TaskKind::Decision | TaskKind::Agent => Err(ActRefused::NotAutomation),
    }
}

/// A task that can be worked on, with the visit on which its path stands.
fn ready(decision: &Decision<'_>, task: Task) -> Result<(Task, StepExecution), ActRefused> {
    change::started(decision)?;
    let task = change::open(decision, task.id)?;
    let visit = change::visit(decision, task.step_id).filter(|visit| !visit.is_held());
    let visit = visit.ok_or(ActRefused::NotCurrent)?;
    if task.enabled { Ok((task, visit)) } else { Err(ActRefused::Disabled) }
}

fn scheduled(decision: &Decision<'_>, id: TaskId) -> Result<(Task, StepExecution), ActRefused> {
    let task = change::known(decision, id)?;
    let visit = change::visit(decision, task.step_id).filter(|_| task.status == TaskStatus::Scheduled);
    visit.map(|visit| (task, visit)).ok_or(ActRefused::NotScheduled)
}

fn asks_person(decision: &Decision<'_>, task: &Task) -> bool {
    let spec = decision.graph.step(task.step_id).and_then(|step| step.task.as_deref());
    spec.is_some_and(|spec| spec.trigger == Trigger::Manual)
}

/// The component of a task runs from the beginning; of its last run only what was configured is kept.
fn begin(decision: &mut Decision<'_>, mut task: Task, visit: StepExecution) {
    // One that is about to run is not begun twice.
    let untouched = visit.status == StepStatus::Running && task.kind == TaskKind::Decision;
    if untouched {
        return;
    }
    task.data.armed = None;
    task.data.run = Run::fresh(task.data.run.as_ref());
    let visit = run::again(decision, visit);
    enter::runs(decision, task, visit);
}
