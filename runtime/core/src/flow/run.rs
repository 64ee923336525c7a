//! What becomes of a task's visit: what its component answers, and what ends its wait.

use serde_json::{Value, json};

use super::enter;
use super::happening::HappeningKind;
use super::leave;
use super::schedule::Armed;
use super::spec::TaskKind;
use super::status::TaskStatus;
use super::task::{Run, Task};
use crate::decision::Decision;
use crate::execution::{StepExecution, StepStatus};
use crate::journal::JournalKind;
use crate::outcome::{Completion, Failure, WaitRequest, Wake};
use crate::time::Timestamp;
use crate::visit;

/// The event that ends a wait when an entity has changed.
pub const ENTITY_CHANGED: &str = "entity.changed";

/// The event that ends a wait when an execution that it started has ended.
pub const CHILD_ENDED: &str = "child.ended";

/// The largest answer that is kept with a task, in bytes of JSON. The whole is the visit's output.
const MAX_RESULT: usize = 16 * 1024;

/// The task in another status, with the stamps of the change. The same status changes nothing.
pub(crate) fn with_status(decision: &mut Decision<'_>, mut task: Task, to: TaskStatus) -> Task {
    if task.status == to {
        return task;
    }
    let (now, by) = (decision.given.now, decision.by.clone());
    task.data.times.stamp(to, by.as_deref(), now);
    task.status = to;
    task.updated_at = now;
    let kind = match to {
        TaskStatus::Completed => HappeningKind::TaskCompleted,
        TaskStatus::Skipped => HappeningKind::TaskSkipped,
        TaskStatus::InProgress => HappeningKind::TaskMarkedInProgress,
        TaskStatus::OnHold => HappeningKind::TaskMarkedOnHold,
        TaskStatus::Pending
        | TaskStatus::Scheduled
        | TaskStatus::ConditionPending
        | TaskStatus::WaitingForConfirmation
        | TaskStatus::Failed => HappeningKind::TaskUpdated,
    };
    decision.happened(kind, Some(task.id), task.phase.clone());
    task
}

/// The visit waits until somebody, or the time, goes on with it. The component is not asked.
pub(crate) fn ask_person(
    decision: &mut Decision<'_>,
    visit: StepExecution,
    status: TaskStatus,
    until: Option<Timestamp>,
) {
    let request = WaitRequest { until, task: Some(enter::shown(status)), ..WaitRequest::default() };
    let id = visit.id;
    visit::wait(decision, visit, request);
    let waiting = decision.active().find(|visit| visit.id == id).cloned();
    if let Some(visit) = waiting {
        decision.put(StepExecution { state: None, ..visit });
    }
}

/// A component has completed its task.
pub(crate) fn completed(decision: &mut Decision<'_>, visit: StepExecution, done: Completion) {
    let Some(task) = decision.task_of(visit.step_id).cloned() else { return };
    visit::merge_event(&mut decision.changes.execution.event, &done.merge_event);
    let branches: Vec<String> = done.branch.iter().chain(&done.branches).cloned().collect();
    let visit = decision.finished(visit, StepStatus::Completed);
    let data = if branches.is_empty() { Value::Null } else { json!({ "branches": branches }) };
    decision.note(JournalKind::StepCompleted, Some(&visit), data);
    let status = match done.output["skipped"].as_bool() {
        Some(true) if task.kind == TaskKind::Automation => TaskStatus::Skipped,
        _ => TaskStatus::Completed,
    };
    let mut task = with_status(decision, task, status);
    task.data.result = small(&done.output);
    task.data.chosen = branches;
    if let Some(run) = &mut task.data.run {
        let word = if status == TaskStatus::Skipped { "skipped" } else { "success" };
        run.status = Some(word.to_owned());
        run.error = None;
    }
    decision.put(StepExecution { output: Some(done.output), failure: None, ..visit });
    leave::left(decision, task);
}

/// A component waits: it says where its task stands.
pub(crate) fn waits(decision: &mut Decision<'_>, visit: StepExecution, request: WaitRequest) {
    let Some(mut task) = decision.task_of(visit.step_id).cloned() else { return };
    let about = request.task.as_ref();
    let status = about.and_then(|about| serde_json::from_value(about["status"].clone()).ok());
    if let Some(status) = status.filter(|status| may_say(*status)) {
        task = with_status(decision, task, status);
    }
    if let Some(result) = small(&request.output) {
        task.data.result = Some(result);
    }
    if let Some(execution) = about.map(|about| &about["execution"]).filter(|execution| execution.is_object()) {
        let text = |name: &str| execution[name].as_str().map(str::to_owned);
        let run = task.data.run.get_or_insert_with(Run::default);
        run.id = text("id").or(run.id.take());
        run.status = text("status").or(run.status.take());
        run.is_child = execution["child"].as_bool().unwrap_or(run.is_child);
    }
    task.updated_at = decision.given.now;
    decision.put_task(task);
    let request = WaitRequest { task: Some(request.task.unwrap_or_else(|| json!({}))), ..request };
    visit::wait(decision, visit, request);
}

/// What a component may say of a task that it waits with.
fn may_say(status: TaskStatus) -> bool {
    match status {
        TaskStatus::Pending
        | TaskStatus::InProgress
        | TaskStatus::ConditionPending
        | TaskStatus::WaitingForConfirmation
        | TaskStatus::OnHold => true,
        TaskStatus::Completed | TaskStatus::Skipped | TaskStatus::Scheduled | TaskStatus::Failed => false,
    }
}

/// A component has failed for good: the task stands in the way until somebody does something about it (spec epilot-flows, 11.3).
pub(crate) fn failed(decision: &mut Decision<'_>, visit: StepExecution, failure: Failure) {
    let Some(task) = decision.task_of(visit.step_id).cloned() else { return };
    let data = json!({ "code": failure.code, "message": failure.message, "attempt": visit.attempt });
    decision.note(JournalKind::StepFailed, Some(&visit), data);
    let mut task = with_status(decision, task, TaskStatus::Failed);
    let run = task.data.run.get_or_insert_with(Run::default);
    run.error = Some(failure.message.clone());
    run.status = Some("failed".to_owned());
    decision.put_task(task);
    ask_person(decision, StepExecution { failure: Some(failure), ..visit }, TaskStatus::Failed, None);
}

/// The wait of a task has ended.
pub(crate) fn woken(decision: &mut Decision<'_>, visit: StepExecution, wake: Wake) {
    let Some(task) = decision.task_of(visit.step_id).cloned() else { return };
    let changed = matches!(&wake, Wake::Event(event) if event.name == ENTITY_CHANGED);
    let schedule = decision.graph.step(visit.step_id).and_then(|step| step.task.as_ref()?.schedule.as_ref());
    let arms = schedule.is_some_and(super::schedule::Schedule::watches) && task.data.armed.is_some();
    match wake {
        Wake::Timer if task.status == TaskStatus::Scheduled && task.enabled => fire(decision, task, visit),
        Wake::Timer if task.status == TaskStatus::Scheduled => put_off(decision, task, visit),
        Wake::Event(_) if changed && arms => {
            let visit = again(decision, visit);
            enter::begin(decision, task, visit);
        }
        // Told too late. The wait is over all the same: it would end again and again.
        Wake::Event(_) if changed && task.status != TaskStatus::ConditionPending => goes_on(decision, &task, visit),
        // Of a run that is given up: the component does not wait for one now.
        Wake::Event(event) if event.name == CHILD_ENDED && visit.state.is_none() => goes_on(decision, &task, visit),
        wake => visit::woken(decision, visit, wake),
    }
}

/// The time of a schedule has come, or somebody says so: its component runs.
pub(crate) fn fire(decision: &mut Decision<'_>, mut task: Task, visit: StepExecution) {
    task.data.armed = None;
    let visit = again(decision, visit);
    enter::runs(decision, task, visit);
}

/// The visit waits as before, for a person or its time.
fn goes_on(decision: &mut Decision<'_>, task: &Task, visit: StepExecution) {
    let until = visit.due_at;
    let visit = again(decision, visit);
    ask_person(decision, visit, task.status, until);
}

/// The time of a schedule has come while nobody may work on its task, which begins once somebody may.
fn put_off(decision: &mut Decision<'_>, task: Task, visit: StepExecution) {
    let armed = task.data.armed.clone().map(|armed| Armed { id: None, ..armed });
    let mut task = with_status(decision, task, TaskStatus::Pending);
    task.data.armed = armed;
    decision.put_task(task);
    let visit = again(decision, visit);
    ask_person(decision, visit, TaskStatus::Pending, None);
}

/// A waiting visit that is to begin from the beginning.
pub(crate) fn again(decision: &mut Decision<'_>, visit: StepExecution) -> StepExecution {
    if visit.status == StepStatus::Waiting {
        decision.note(JournalKind::StepWoken, Some(&visit), Value::Null);
        decision.end_wait(visit.id);
    }
    let now = decision.given.now;
    StepExecution {
        status: StepStatus::Running,
        run_at: Some(now),
        // It is tried as often as a new one; the number of the run still grows.
        attempt: 1,
        resumes: visit.resumes.saturating_add(visit.attempt),
        wake: None,
        state: None,
        failure: None,
        due_at: None,
        updated_at: now,
        ..visit
    }
}

pub(super) fn small(output: &Value) -> Option<Value> {
    let fits = |output: &&Value| serde_json::to_string(output).is_ok_and(|text| text.len() <= MAX_RESULT);
    Some(output).filter(|output| !output.is_null()).filter(fits).cloned()
}
