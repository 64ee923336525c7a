//! Tasks that people add to a running flow, and items that they move in a checklist (spec epilot-flows, 11.4 and 13).

use serde_json::json;

use super::act::ActRefused;
use super::happening::HappeningKind;
use super::patch::{AddTask, InsertItem, TaskPatch};
use super::status::TaskStatus;
use super::task::{Task, TaskData};
use super::{Due, change, enter, list};
use crate::decision::Decision;
use crate::id::TaskId;
use crate::journal::JournalKind;

/// A task is put between two others. Where the first of them is done and the second current, it takes the place of the second.
pub(super) fn add(decision: &mut Decision<'_>, add: AddTask) -> Result<(), ActRefused> {
    change::started(decision)?;
    let (previous, next) = (change::known(decision, add.previous)?, change::known(decision, add.next)?);
    let id = add.id.ok_or(ActRefused::NoSuchEdge)?;
    let last = decision.tasks().last().map_or(0, |task| task.position.saturating_add(1));
    let task = made(decision, id, last)?;
    let step = task.step_id;
    decision.put_task(task);
    // Before its path comes to it: what it is may decide how it begins.
    let (first, then) = split(add.patch);
    change::patch(decision, id, first)?;
    let stands = change::visit(decision, next.step_id);
    if previous.status.is_done()
        && let Some(visit) = stands
    {
        if !visit.is_held() {
            decision.skip(|active| active.id == visit.id);
            decision.put_task(next.cleared(decision.given.now));
        }
        enter::enter(decision, step);
    }
    change::patch(decision, id, then)
}

/// What is said of a task beside where it stands, and that.
fn split(patch: TaskPatch) -> (TaskPatch, TaskPatch) {
    let status = TaskPatch { status: patch.status, times: patch.times.clone(), ..TaskPatch::default() };
    (TaskPatch { status: None, times: None, ..patch }, status)
}

/// An item is put into a checklist.
pub(super) fn item(decision: &mut Decision<'_>, item: InsertItem) -> Result<(), ActRefused> {
    change::started(decision)?;
    let id = item.id.ok_or(ActRefused::NoSuchEdge)?;
    let task = made(decision, id, u32::MAX)?;
    place(decision, task, item.section.as_deref(), item.index);
    change::patch(decision, id, item.patch)
}

/// An item is taken out and put before what is at the index then.
pub(super) fn moved(
    decision: &mut Decision<'_>,
    id: TaskId,
    section: Option<String>,
    index: usize,
) -> Result<(), ActRefused> {
    let task = of_list(decision, id)?;
    let Some(flow) = decision.flow() else { return Err(ActRefused::FlowNotStarted) };
    let named = section.map(|named| {
        let phase = flow.data.phases.iter().find(|phase| phase.id == named || phase.key == named);
        phase.map(|phase| phase.key.clone()).ok_or(ActRefused::UnknownPhase(named))
    });
    let section = named.transpose()?;
    place(decision, Task { phase: section.clone(), ..task }, section.as_deref(), index);
    Ok(())
}

/// An item is taken out.
pub(super) fn removed(decision: &mut Decision<'_>, id: TaskId) -> Result<(), ActRefused> {
    let task = of_list(decision, id)?;
    decision.skip(|visit| visit.step_id == task.step_id);
    let changes = decision.people_changes();
    changes.tasks.retain(|known| known.id != id);
    changes.removed.push(id);
    let data = json!({ "taskId": id, "name": task.name, "by": decision.by });
    decision.changes.note_of(JournalKind::TaskRemoved, task.step_id, data, decision.given);
    Ok(())
}

fn of_list(decision: &Decision<'_>, id: TaskId) -> Result<Task, ActRefused> {
    let task = change::known(decision, id)?;
    let message = "only the items of a checklist can be moved or taken out".to_owned();
    let refused = ActRefused::Invalid { field: "position".to_owned(), message };
    if list::is_list(decision) { Ok(task) } else { Err(refused) }
}

/// The task of a step that was added to the graph.
fn made(decision: &mut Decision<'_>, id: TaskId, position: u32) -> Result<Task, ActRefused> {
    let key = id.to_string();
    let graph = decision.graph;
    let mut steps = graph.steps.iter().filter_map(|step| Some((step, step.task.as_deref()?)));
    let (step, spec) = steps.find(|(_, spec)| spec.key == key).ok_or(ActRefused::NoSuchEdge)?;
    let Some(flow) = decision.flow() else { return Err(ActRefused::FlowNotStarted) };
    let now = decision.given.now;
    let task = Task {
        id,
        workspace_id: flow.workspace_id,
        execution_id: flow.execution_id,
        definition_id: flow.definition_id,
        surface: flow.surface,
        step_id: step.id,
        key,
        kind: spec.kind,
        name: step.name.clone(),
        status: TaskStatus::Pending,
        enabled: true,
        phase: spec.phase.clone(),
        position,
        current_since: None,
        due: spec.due_date.as_ref().map(Due::sent),
        data: TaskData { assignees: Some(change::resolved(decision, &spec.assignees)), ..TaskData::default() },
        created_at: now,
        updated_at: now,
    };
    let data = json!({ "taskId": id, "name": task.name, "by": decision.by });
    decision.changes.note_of(JournalKind::TaskAdded, task.step_id, data, decision.given);
    decision.happened(HappeningKind::TaskUpdated, Some(id), task.phase.clone());
    Ok(task)
}

/// Puts an item before the one that is at the index of its section, or of the top, and numbers all anew. What lies at the top counts
/// as it is shown: a section is one item there.
fn place(decision: &mut Decision<'_>, task: Task, section: Option<&str>, index: usize) {
    let id = task.id;
    decision.put_task(task);
    let mut order: Vec<Task> = decision.tasks().into_iter().filter(|other| other.id != id).cloned().collect();
    let Some(task) = decision.task(id).cloned() else { return };
    let sections: Vec<String> =
        decision.flow().map_or(Vec::new(), |flow| flow.data.phases.iter().map(|phase| phase.key.clone()).collect());
    let at = match section {
        Some(section) => of_section(&order, &sections, section, index),
        None => of_top(&order, index),
    };
    order.insert(at.min(order.len()), task);
    for (position, task) in order.into_iter().enumerate() {
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        if task.position != position || task.id == id {
            decision.put_task(Task { position, ..task });
        }
    }
}

/// Where the item of this number in a section lies among all; behind the last of them if there are fewer. What is first in a section
/// comes before the first item of the sections behind it.
fn of_section(order: &[Task], sections: &[String], section: &str, index: usize) -> usize {
    let inside: Vec<usize> =
        order.iter().enumerate().filter(|(_, task)| task.phase.as_deref() == Some(section)).map(|(at, _)| at).collect();
    let rank = |key: Option<&str>| sections.iter().position(|known| Some(known.as_str()) == key);
    let later = |task: &Task| rank(task.phase.as_deref()).is_some_and(|of| Some(of) > rank(Some(section)));
    let first = || order.iter().position(later).unwrap_or(order.len());
    let behind = inside.last().map_or_else(first, |at| at + 1);
    inside.get(index).copied().unwrap_or(behind)
}

/// Where the item of this number at the top lies among all.
fn of_top(order: &[Task], index: usize) -> usize {
    let begins = |at: usize| match order.get(at).map(|task| &task.phase) {
        Some(Some(phase)) => at == 0 || order.get(at - 1).and_then(|before| before.phase.as_ref()) != Some(phase),
        Some(None) => true,
        None => false,
    };
    (0..order.len()).filter(|at| begins(*at)).nth(index).unwrap_or(order.len())
}
