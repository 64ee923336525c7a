//! How a path comes to a task, and how the task begins (spec epilot-flows, 11.2).

use std::collections::BTreeSet;

use serde_json::json;

use super::facts::Facts;
use super::happening::HappeningKind;
use super::leave;
use super::run;
use super::schedule::{ArmError, Armed, Schedule};
use super::spec::{TaskKind, TaskSpec, Trigger};
use super::status::TaskStatus;
use super::task::Task;
use crate::decision::Decision;
use crate::definition::Join;
use crate::execution::StepExecution;
use crate::id::StepId;
use crate::time::Timestamp;

/// The steps that one walk has come by: each is passed through once.
pub(crate) type Seen = BTreeSet<StepId>;

/// A path comes to a task: one that is done is passed through, one that is current is left alone, else it becomes current, or
/// waits for the other paths.
pub(crate) fn arrive(decision: &mut Decision<'_>, step: StepId, seen: &mut Seen, joining: &mut Vec<StepId>) {
    let Some(task) = decision.task_of(step).cloned() else { return };
    if task.status.is_done() {
        if seen.insert(step) {
            leave::pass_through(decision, &task, seen, joining);
        }
        return;
    }
    let stands = decision.active().any(|visit| visit.step_id == step);
    if stands || joining.contains(&step) {
        return;
    }
    match decision.graph.step(step).map(|step| step.join) {
        Some(Join::All) => joining.push(step),
        Some(Join::Any) | None => enter(decision, step),
    }
}

/// A task becomes current.
pub(crate) fn enter(decision: &mut Decision<'_>, step: StepId) {
    let visit = decision.new_visit(step);
    take_up(decision, visit);
}

/// A task becomes current with this visit, which is new or was held.
pub(crate) fn take_up(decision: &mut Decision<'_>, visit: StepExecution) {
    let Some(task) = decision.task_of(visit.step_id).cloned() else { return };
    let now = decision.given.now;
    let phase = task.phase.clone();
    decision.happened(HappeningKind::CurrTaskChanged, Some(task.id), phase.clone());
    enter_phase(decision, phase.as_deref());
    decision.changes.execution.current_step_id = Some(visit.step_id);
    begin(decision, Task { current_since: Some(now), updated_at: now, ..task }, visit);
}

/// A path has come to a phase.
pub(super) fn enter_phase(decision: &mut Decision<'_>, key: Option<&str>) {
    let (Some(flow), Some(key)) = (decision.flow(), key) else { return };
    if flow.data.phases.iter().any(|phase| phase.key == key && !phase.entered) {
        let mut flow = flow.clone();
        flow.data.phases.iter_mut().filter(|phase| phase.key == key).for_each(|phase| phase.entered = true);
        decision.put_flow(flow);
    }
}

/// How a task begins.
#[derive(Clone, Debug, PartialEq)]
enum Begin {
    /// Its component runs.
    Runs,
    /// Somebody begins it.
    AsksPerson,
    /// It begins by itself at a time.
    Armed(Timestamp),
    /// That time cannot be told.
    CannotArm(ArmError),
}

/// A current task begins, or begins anew: with this visit.
pub(crate) fn begin(decision: &mut Decision<'_>, task: Task, visit: StepExecution) {
    let how = how(decision, &task);
    let task = Task { data: super::task::TaskData { armed: None, ..task.data }, ..task };
    match how {
        Begin::Runs => runs(decision, task, visit),
        Begin::AsksPerson => {
            let task = run::with_status(decision, task, TaskStatus::Pending);
            decision.put_task(task);
            run::ask_person(decision, visit, TaskStatus::Pending, None);
        }
        Begin::Armed(at) => {
            let mut task = run::with_status(decision, task, TaskStatus::Scheduled);
            let id = Some(decision.given.ids.next(decision.given.now).to_string());
            task.data.armed = Some(Armed { id, at: Some(at), error: None });
            decision.put_task(task);
            run::ask_person(decision, visit, TaskStatus::Scheduled, Some(at));
        }
        Begin::CannotArm(error) => {
            let mut task = run::with_status(decision, task, TaskStatus::Failed);
            task.data.armed = Some(Armed { error: Some(error), ..Armed::default() });
            decision.put_task(task);
            run::ask_person(decision, visit, TaskStatus::Failed, None);
        }
    }
}

/// The component of a current task runs.
pub(crate) fn runs(decision: &mut Decision<'_>, task: Task, visit: StepExecution) {
    let status = match task.kind {
        TaskKind::Manual | TaskKind::Decision => TaskStatus::Pending,
        TaskKind::Automation | TaskKind::Agent => TaskStatus::InProgress,
    };
    let task = run::with_status(decision, task, status);
    decision.put_task(task);
    decision.schedule(visit);
}

/// Whether a task begins by itself once a path stands on it, as things are.
pub(super) fn begins_itself(decision: &Decision<'_>, task: &Task) -> bool {
    how(decision, task) != Begin::AsksPerson
}

fn how(decision: &Decision<'_>, task: &Task) -> Begin {
    let spec = decision.graph.step(task.step_id).and_then(|step| step.task.as_deref());
    let Some(spec) = spec.filter(|_| task.enabled) else { return Begin::AsksPerson };
    match (spec.kind, spec.trigger) {
        (TaskKind::Manual | TaskKind::Agent, _) => Begin::Runs,
        (TaskKind::Automation | TaskKind::Decision, Trigger::Manual) => Begin::AsksPerson,
        (TaskKind::Automation | TaskKind::Decision, Trigger::Automatic) => scheduled(decision, task, spec),
    }
}

fn scheduled(decision: &Decision<'_>, task: &Task, spec: &TaskSpec) -> Begin {
    let Some(schedule) = spec.schedule.as_ref().filter(|schedule| **schedule != Schedule::Immediate) else {
        return Begin::Runs;
    };
    if task.data.armed.as_ref().is_some_and(Armed::is_overdue) {
        return Begin::Runs;
    }
    let tasks: Vec<Task> = decision.tasks().into_iter().cloned().collect();
    let contexts = decision.flow().map_or(&[][..], |flow| &flow.contexts);
    let facts = Facts {
        started_at: decision.changes.execution.started_at,
        all_preceding: all_preceding(decision, task.step_id),
        tasks: &tasks,
        contexts,
        entities: decision.entities,
    };
    match schedule.fire_time(&facts, decision.given.now) {
        Ok(Some(at)) => Begin::Armed(at),
        // What it counts from comes later: it is looked at again when other tasks are done.
        Ok(None) => Begin::AsksPerson,
        Err(error) => Begin::CannotArm(error),
    }
}

/// When the last of a task's direct predecessors was done; none while one is open.
fn all_preceding(decision: &Decision<'_>, step: StepId) -> Option<Timestamp> {
    let mut last = None;
    for edge in
        decision.graph.incoming(step).filter(|edge| decision.graph.step(edge.from).is_some_and(|s| s.task.is_some()))
    {
        let before = decision.task_of(edge.from)?;
        let done = before.data.times.completed_at.filter(|_| before.status.is_done())?;
        last = last.max(Some(done));
    }
    last.or(Some(decision.changes.execution.started_at))
}

/// The task as the wait of its visit shows it.
pub(super) fn shown(status: TaskStatus) -> serde_json::Value {
    json!({ "status": status })
}
