//! How the people's side of an execution begins, begins anew in a loop, and ends (spec epilot-flows, 11.1 and 11.4).

use std::collections::HashSet;

use uuid::Uuid;

use super::Due;
use super::facts::Facts;
use super::happening::HappeningKind;
use super::people::{Flow, StartPeople};
use super::phase::Phase;
use super::purpose;
use super::settle;
use super::spec::TaskSpec;
use super::status::{FlowStatus, TaskStatus};
use super::task::{Task, TaskData};
use crate::decision::Decision;
use crate::definition::Step;
use crate::execution::ExecutionStatus;
use crate::id::StepId;

/// Makes the flow and its tasks, before any path begins.
pub(crate) fn begin(decision: &mut Decision<'_>, with: &StartPeople) {
    decision.by = Some(with.by.clone());
    let phases = phases(decision, with);
    let flow = flow(decision, with, phases);
    decision.put_flow(flow);
    decision.people_changes().contexts_changed = true;
    let tasks = decision.graph.steps.iter().filter_map(|step| Some((step, step.task.as_deref()?)));
    let tasks: Vec<_> = tasks.enumerate().map(|(at, (step, spec))| task(decision, at, step, spec, with)).collect();
    tasks.into_iter().for_each(|task| decision.put_task(task));
    for task in purpose::left_out(decision) {
        let task = super::run::with_status(decision, task, TaskStatus::Skipped);
        decision.put_task(task);
    }
    decision.people_changes().happened.clear();
    decision.happened(HappeningKind::FlowStarted, None, None);
    settle::all(decision);
}

fn flow(decision: &Decision<'_>, with: &StartPeople, phases: Vec<Phase>) -> Flow {
    let execution = &decision.changes.execution;
    let mut data = with.data.clone();
    data.phases = phases;
    data.started_by = Some(with.by.clone());
    data.due_by_hand |= with.due_date.is_some();
    let facts = facts(decision, with);
    data.assignees = data.assignees.iter().map(|assignee| assignee.resolved(&facts)).collect();
    Flow {
        execution_id: execution.id,
        workspace_id: execution.workspace_id,
        definition_id: execution.definition_id,
        surface: with.surface,
        name: with.name.clone(),
        status: FlowStatus::Started,
        due: with.due_date.as_ref().map(Due::sent),
        contexts: with.contexts.clone(),
        data,
        created_at: decision.given.now,
        updated_at: decision.given.now,
    }
}

/// What variables are found out from at the start.
fn facts<'f>(decision: &Decision<'f>, with: &'f StartPeople) -> Facts<'f> {
    Facts {
        started_at: decision.changes.execution.started_at,
        all_preceding: None,
        tasks: &[],
        contexts: &with.contexts,
        entities: decision.entities,
    }
}

fn phases(decision: &Decision<'_>, with: &StartPeople) -> Vec<Phase> {
    let Some(drawn) = &decision.graph.drawn else { return Vec::new() };
    let execution = decision.changes.execution.id;
    let facts = facts(decision, with);
    let phase = |spec: &super::PhaseSpec| Phase {
        id: Uuid::new_v5(&execution.0, format!("phase:{}", spec.key).as_bytes()).to_string(),
        key: spec.key.clone(),
        name: spec.name.clone(),
        status: super::PhaseStatus::Open,
        entered: false,
        due: spec.due_date.as_ref().map(Due::sent),
        due_rule: None,
        due_by_hand: false,
        assignees: Some(spec.assignees.iter().map(|assignee| assignee.resolved(&facts)).collect()),
        times: super::Times::default(),
        updated_at: decision.given.now,
    };
    drawn.phases.iter().map(phase).collect()
}

fn task(decision: &Decision<'_>, at: usize, step: &Step, spec: &TaskSpec, with: &StartPeople) -> Task {
    let facts = facts(decision, with);
    let assignees = spec.assignees.iter().map(|assignee| assignee.resolved(&facts)).collect();
    let (execution, now) = (&decision.changes.execution, decision.given.now);
    Task {
        id: decision.given.id(),
        workspace_id: execution.workspace_id,
        execution_id: execution.id,
        definition_id: execution.definition_id,
        surface: with.surface,
        step_id: step.id,
        key: spec.key.clone(),
        kind: spec.kind,
        name: step.name.clone(),
        status: TaskStatus::Pending,
        enabled: true,
        phase: spec.phase.clone(),
        position: u32::try_from(at).unwrap_or(u32::MAX),
        current_since: None,
        due: spec.due_date.as_ref().map(Due::sent),
        data: TaskData { assignees: Some(assignees), ..TaskData::default() },
        created_at: now,
        updated_at: now,
    }
}

/// A loop repeats these steps: their tasks are as before the round.
pub(crate) fn again(decision: &mut Decision<'_>, body: &HashSet<StepId>) {
    if !decision.has_people() {
        return;
    }
    let tasks: Vec<Task> = decision.tasks().into_iter().filter(|task| body.contains(&task.step_id)).cloned().collect();
    for task in tasks {
        decision.put_task(task.cleared(decision.given.now));
    }
}

/// The execution ends: so does the flow.
pub(crate) fn ended(decision: &mut Decision<'_>, status: ExecutionStatus) {
    let Some(flow) = decision.flow().cloned() else { return };
    let to = FlowStatus::of(status);
    let now = decision.given.now;
    let mut flow = Flow { status: to, updated_at: now, ..flow };
    match to {
        FlowStatus::Done => flow.data.completed_at = Some(now),
        FlowStatus::Closed => {
            flow.data.closed_at = Some(now);
            flow.data.closed_by.clone_from(&decision.by);
        }
        FlowStatus::Started => {}
    }
    decision.put_flow(flow);
    let happening = if to == FlowStatus::Done { HappeningKind::FlowCompleted } else { HappeningKind::FlowCancelled };
    decision.happened(happening, None, None);
}
