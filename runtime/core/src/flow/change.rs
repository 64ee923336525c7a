//! How people change a task: what it is called, who does it, when it is due, and where it stands.

use serde_json::{Value, json};

use super::act::ActRefused;
use super::assignee::Assignee;
use super::facts::Facts;
use super::patch::TaskPatch;
use super::spec::{TaskKind, Trigger};
use super::status::{FlowStatus, TaskStatus, refuses};
use super::task::{Run, Task, Times};
use super::{enter, leave, list, reopen, revert, run};
use crate::decision::Decision;
use crate::execution::{StepExecution, StepStatus};
use crate::id::{StepId, TaskId};
use crate::journal::JournalKind;
use crate::outcome::Completion;

/// The task of this id.
pub(super) fn known(decision: &Decision<'_>, id: TaskId) -> Result<Task, ActRefused> {
    decision.task(id).cloned().ok_or_else(|| ActRefused::UnknownTask(id.to_string()))
}

/// The active visit to a step; it may wait for other paths.
pub(super) fn visit(decision: &Decision<'_>, step: StepId) -> Option<StepExecution> {
    decision.active().find(|visit| visit.step_id == step).cloned()
}

/// Refuses what only a flow that is started allows.
pub(super) fn started(decision: &Decision<'_>) -> Result<(), ActRefused> {
    match decision.flow().map(|flow| flow.status) {
        Some(FlowStatus::Started) => Ok(()),
        Some(FlowStatus::Done | FlowStatus::Closed) | None => Err(ActRefused::FlowNotStarted),
    }
}

/// Changes a task as somebody says: its members first, then where it stands.
pub(super) fn patch(decision: &mut Decision<'_>, id: TaskId, patch: TaskPatch) -> Result<(), ActRefused> {
    let task = known(decision, id)?;
    let chosen = chosen(decision, &task, patch.next_condition.as_deref())?;
    if patch.run.is_some() && task.kind != TaskKind::Automation {
        return Err(ActRefused::NotAutomation);
    }
    let configured = patch.run.is_some();
    let (status, times) = (patch.status, patch.times.clone());
    let (revert, via_form) = (patch.revert, patch.via_form);
    let task = with_members(decision, task, patch);
    let unarmed = task.status == TaskStatus::Failed && task.data.armed.as_ref().is_some_and(|it| it.error.is_some());
    decision.put_task(task);
    match status {
        Some(to) => to_status(decision, id, to, Answer { chosen, via_form, ..Answer::default() }, revert)?,
        // What it was to begin with has changed: its schedule is tried again.
        None if configured && unarmed => begin_anew(decision, id)?,
        None => {}
    }
    if let (Some(times), Some(task)) = (times, decision.task(id).cloned()) {
        let times = laid_over(task.data.times.clone(), times);
        decision.put_task(Task { data: super::task::TaskData { times, ..task.data }, ..task });
    }
    Ok(())
}

fn with_members(decision: &Decision<'_>, mut task: Task, patch: TaskPatch) -> Task {
    if let Some(name) = patch.name {
        task.name = name;
    }
    if let Some(enabled) = patch.enabled {
        task.enabled = enabled;
        task.data.enabled_by_hand = Some(enabled);
    }
    if let Some(assignees) = patch.assignees {
        task.data.assignees = Some(resolved(decision, &assignees));
    }
    if let Some(rule) = patch.due_rule {
        task.data.due_rule = Some(rule);
        task.data.due_by_hand = false;
    }
    if let Some(due) = patch.due {
        task.due = due;
        task.data.due_by_hand = true;
    }
    if let Some(config) = patch.run {
        task.data.run.get_or_insert_with(Run::default).config = Some(config);
    }
    if let Some(result) = patch.run_status {
        let run = task.data.run.get_or_insert_with(Run::default);
        run.id = result.id.or(run.id.take());
        // Who says how it stands says why as well.
        let kept = run.error.take().filter(|_| result.status.is_none());
        run.error = result.error.or(kept);
        run.status = result.status.or(run.status.take());
    }
    task.data.shown.extend(patch.shown);
    task
}

fn laid_over(known: Times, over: Times) -> Times {
    Times {
        started_at: over.started_at.or(known.started_at),
        in_progress_at: over.in_progress_at.or(known.in_progress_at),
        completed_at: over.completed_at.or(known.completed_at),
        status_updated_at: over.status_updated_at.or(known.status_updated_at),
        in_progress_by: over.in_progress_by.or(known.in_progress_by),
        completed_by: over.completed_by.or(known.completed_by),
        skipped_by: over.skipped_by.or(known.skipped_by),
        on_hold_by: over.on_hold_by.or(known.on_hold_by),
    }
}

/// Assignees with their variables found out.
pub(super) fn resolved(decision: &Decision<'_>, assignees: &[Assignee]) -> Vec<Assignee> {
    let facts = Facts {
        started_at: decision.changes.execution.started_at,
        all_preceding: None,
        tasks: &[],
        contexts: decision.flow().map_or(&[][..], |flow| &flow.contexts),
        entities: decision.entities,
    };
    assignees.iter().map(|assignee| assignee.resolved(&facts)).collect()
}

/// The branches that a condition of a decision stands for: itself, or none if its edges are the default ones.
fn chosen(decision: &Decision<'_>, task: &Task, condition: Option<&str>) -> Result<Option<Vec<String>>, ActRefused> {
    let Some(condition) = condition else { return Ok(None) };
    if task.kind != TaskKind::Decision {
        return Err(ActRefused::NotDecision);
    }
    let edges = decision.graph.drawn.iter().flat_map(|drawn| &drawn.edges);
    let edges: Vec<_> =
        edges.filter(|edge| edge.from == task.key && edge.condition.as_deref() == Some(condition)).collect();
    let config = decision.graph.step(task.step_id).map(|step| &step.config["conditions"]);
    let mut conditions = config.and_then(Value::as_array).into_iter().flatten();
    if edges.is_empty() && !conditions.any(|known| known["id"] == condition) {
        return Err(ActRefused::UnknownCondition(condition.to_owned()));
    }
    let default = !edges.is_empty() && edges.iter().all(|edge| edge.otherwise);
    Ok(Some(if default { Vec::new() } else { vec![condition.to_owned()] }))
}

/// What a task is completed with.
#[derive(Default)]
pub(super) struct Answer {
    /// The branches of a decision; none if nobody said.
    pub(super) chosen: Option<Vec<String>>,
    /// What later steps can read; `Null` for nothing.
    pub(super) output: Value,
    /// Whether somebody filled in a form for it; only the journal says so.
    pub(super) via_form: bool,
}

/// Somebody changes where a task stands. `wants_revert`: the flow is to go back to it, if it is done and no path stands on it.
fn to_status(
    decision: &mut Decision<'_>,
    id: TaskId,
    to: TaskStatus,
    answer: Answer,
    wants_revert: bool,
) -> Result<(), ActRefused> {
    let task = known(decision, id)?;
    let visit = visit(decision, task.step_id);
    let revert = wants_revert && task.status.is_done() && visit.is_none() && !list::is_list(decision);
    let back = revert || list::is_list(decision);
    if let Some(refused) = refuses(task.status, to, task.enabled, back) {
        return Err(refused);
    }
    // One that is gone back to keeps the branch it took before.
    let known = revert && !task.data.chosen.is_empty();
    let completes = to == TaskStatus::Completed && (revert || task.status != to);
    if completes && answer.chosen.is_none() && !known && asks_for_branch(decision, &task) {
        return Err(ActRefused::NeedsBranch);
    }
    if revert {
        return revert::back(decision, task, to, answer);
    }
    if task.status == to {
        return Ok(());
    }
    noted(decision, &task, to, answer.via_form && to == TaskStatus::Completed);
    match decision.flow().map(|flow| flow.status) {
        Some(FlowStatus::Closed) | None => return Err(ActRefused::FlowNotStarted),
        Some(FlowStatus::Done) if list::is_list(decision) => reopen::started(decision),
        Some(FlowStatus::Done | FlowStatus::Started) => {}
    }
    match visit {
        Some(visit) if to.is_done() => leave(decision, task, visit, to, answer),
        Some(visit) if !visit.is_held() => stay(decision, task, visit, to),
        Some(_) | None => only_status(decision, task, to, answer),
    }
    Ok(())
}

fn asks_for_branch(decision: &Decision<'_>, task: &Task) -> bool {
    let spec = decision.graph.step(task.step_id).and_then(|step| step.task.as_deref());
    spec.is_some_and(|spec| spec.kind == TaskKind::Decision && spec.trigger == Trigger::Manual)
}

/// Writes down that a task's status is changed by somebody.
pub(super) fn note(decision: &mut Decision<'_>, task: &Task, to: TaskStatus) {
    noted(decision, task, to, false);
}

fn noted(decision: &mut Decision<'_>, task: &Task, to: TaskStatus, via_form: bool) {
    let mut data = json!({ "taskId": task.id, "name": task.name, "from": task.status, "to": to, "by": decision.by });
    if via_form {
        data["viaForm"] = json!(true);
    }
    decision.changes.note_of(JournalKind::TaskChanged, task.step_id, data, decision.given);
}

/// A task on which no path stands: nothing moves.
fn only_status(decision: &mut Decision<'_>, mut task: Task, to: TaskStatus, answer: Answer) {
    if let Some(chosen) = answer.chosen {
        task.data.chosen = chosen;
    } else if !to.is_done() {
        task.data.chosen = Vec::new();
    }
    let task = run::with_status(decision, task, to);
    decision.put_task(task);
}

/// A current task is done: paths go on behind it.
pub(super) fn leave(decision: &mut Decision<'_>, mut task: Task, visit: StepExecution, to: TaskStatus, answer: Answer) {
    if visit.status == StepStatus::Waiting {
        decision.end_wait(visit.id);
    }
    let skipped = to == TaskStatus::Skipped;
    let (status, kind) = match skipped {
        true => (StepStatus::Skipped, JournalKind::StepSkipped),
        false => (StepStatus::Completed, JournalKind::StepCompleted),
    };
    let visit = decision.finished(visit, status);
    decision.note(kind, Some(&visit), Value::Null);
    let output = Some(answer.output).filter(|output| !output.is_null());
    task.data.armed = None;
    task.data.chosen = answer.chosen.unwrap_or_default();
    if let Some(result) = output.as_ref().and_then(run::small) {
        task.data.result = Some(result);
    }
    decision.put(StepExecution { output: output.or(visit.output.clone()), failure: None, ..visit });
    let task = run::with_status(decision, task, to);
    leave::left(decision, task);
}

/// A current task stays current with another status: pending begins anew, any other waits for a person.
fn stay(decision: &mut Decision<'_>, mut task: Task, visit: StepExecution, to: TaskStatus) {
    let scheduled = task.status == TaskStatus::Scheduled;
    if to == TaskStatus::Pending {
        task.data.run = Run::fresh(task.data.run.as_ref());
        let visit = run::again(decision, visit);
        return enter::begin(decision, task, visit);
    }
    task.data.armed = None;
    let task = run::with_status(decision, task, to);
    decision.put_task(task);
    // What waits for something else than its time goes on waiting for it.
    if visit.status != StepStatus::Waiting || scheduled {
        let visit = run::again(decision, visit);
        run::ask_person(decision, visit, to, None);
    }
}

/// A current task begins from the beginning.
fn begin_anew(decision: &mut Decision<'_>, id: TaskId) -> Result<(), ActRefused> {
    let task = known(decision, id)?;
    if let Some(visit) = visit(decision, task.step_id).filter(|visit| !visit.is_held()) {
        let visit = run::again(decision, visit);
        enter::begin(decision, task, visit);
    }
    Ok(())
}

/// Somebody completes a task with what they entered.
pub(super) fn complete(decision: &mut Decision<'_>, id: TaskId, done: Completion) -> Result<(), ActRefused> {
    let task = open(decision, id)?;
    let branches: Vec<String> = done.branch.into_iter().chain(done.branches).collect();
    let chosen = match (task.kind, branches.first()) {
        (TaskKind::Decision, Some(branch)) => chosen(decision, &task, Some(branch))?,
        (_, Some(_)) => Some(branches),
        (_, None) => None,
    };
    to_status(decision, id, TaskStatus::Completed, Answer { chosen, output: done.output, ..Answer::default() }, false)
}

/// Somebody leaves a task out.
pub(super) fn skip(decision: &mut Decision<'_>, id: TaskId, reason: Option<String>) -> Result<(), ActRefused> {
    open(decision, id)?;
    let output = json!({ "skipped": true, "reason": reason });
    to_status(decision, id, TaskStatus::Skipped, Answer { output, ..Answer::default() }, false)
}

/// Somebody gives a task to others.
pub(super) fn assign(decision: &mut Decision<'_>, id: TaskId, to: Vec<Assignee>) -> Result<(), ActRefused> {
    let mut task = known(decision, id)?;
    let to = resolved(decision, &to);
    if task.data.assignees.as_ref() == Some(&to) {
        return Ok(());
    }
    let data = json!({ "taskId": task.id, "name": task.name, "to": to, "by": decision.by });
    decision.changes.note_of(JournalKind::TaskAssigned, task.step_id, data, decision.given);
    task.data.assignees = Some(to);
    decision.put_task(task);
    Ok(())
}

/// The task of this id, if it is not done.
pub(super) fn open(decision: &Decision<'_>, id: TaskId) -> Result<Task, ActRefused> {
    let task = known(decision, id)?;
    match task.status.is_done() {
        true => Err(ActRefused::TaskDone { status: task.status }),
        false => Ok(task),
    }
}
