//! Tasks as they are shown: what the template says of them, over which lies what was changed by hand and what became of them.

use std::collections::HashMap;

use serde_json::{Map, Value};
use stepwell_core::flow::{Task, TaskKind, TaskSpec, Trigger};
use stepwell_core::{Step, StepId};

use super::loops::Loops;
use super::phase_show::analytics;
use super::show::{View, read, some};
use super::work_show;
use crate::flows::convert::all;
use crate::flows::wire;
use crate::flows::wire::common::{TaskType, TriggerMode};
use crate::wire::Time;

/// Members that are never taken from what a template says beyond its own: the server says them, or they are shown elsewhere.
const OWN: &[&str] = &[
    "id",
    "template_id",
    "name",
    "task_type",
    "status",
    "analytics",
    "enabled",
    "description",
    "journey",
    "due_date",
    "due_date_config",
    "requirements",
    "assigned_to",
    "created_at",
    "updated_at",
    "manually_created",
    "ecp",
    "installer",
    "partner",
    "taxonomies",
    "phase_id",
    "automation_config",
    "automation_execution_id",
    "trigger_mode",
    "schedule",
    "conditions",
    "allow_parallel_execution",
    "loop_config",
    "agent_config",
    "agent_execution",
    "agent_execution_id",
];

/// All tasks of an execution, by position.
pub(super) fn tasks(of: &View<'_>, loops: &Loops<'_>) -> Vec<wire::task::Task> {
    let steps: HashMap<StepId, &Step> = of.graph.steps.iter().map(|step| (step.id, step)).collect();
    let phases = phases(of);
    let shown = |task: &Task| shown(task, steps.get(&task.step_id).copied(), &phases, loops);
    of.people.tasks.iter().map(shown).collect()
}

/// One task of an execution.
pub(super) fn task(of: &View<'_>, loops: &Loops<'_>, task: &Task) -> wire::task::Task {
    shown(task, of.graph.step(task.step_id), &phases(of), loops)
}

/// The ids of phases in the execution by those of the template.
fn phases<'a>(of: &View<'a>) -> HashMap<&'a str, &'a str> {
    of.people.flow.data.phases.iter().map(|phase| (phase.key.as_str(), phase.id.as_str())).collect()
}

fn shown(task: &Task, step: Option<&Step>, phases: &HashMap<&str, &str>, loops: &Loops<'_>) -> wire::task::Task {
    let spec = step.and_then(|step| step.task.as_deref());
    let mut said = said(task, step);
    let mut take = |name: &str| said.remove(name).unwrap_or_default();
    let base = base(task, spec);
    let (description, journey) = (read(take("description")), read(take("journey")));
    let (ecp, installer, partner) = (read(take("ecp")), read(take("installer")), read(take("partner")));
    let (automation, agent, schedule) = (take("automation_config"), take("agent_config"), take("schedule"));
    said.retain(|name, _| !OWN.contains(&name.as_str()));
    let whole = wire::task::Task {
        description,
        journey,
        ecp,
        installer,
        partner,
        phase_id: task.phase.as_deref().and_then(|key| phases.get(key)).map(|id| (*id).to_owned()),
        loop_config: loops.task(task.step_id, task.kind),
        more: said,
        ..base
    };
    match task.kind {
        TaskKind::Manual => whole,
        TaskKind::Automation => work_show::automation(whole, task, spec, automation, schedule),
        TaskKind::Decision => work_show::decision(whole, task, spec, step.map(|step| &step.config), schedule),
        TaskKind::Agent => work_show::agent(whole, task, agent),
    }
}

/// What the template says of a task beside its specification, and what was changed of that by hand.
fn said(task: &Task, step: Option<&Step>) -> Map<String, Value> {
    let mut said = step.and_then(|step| step.shown.as_ref()?.as_object().cloned()).unwrap_or_default();
    said.extend(task.data.shown.clone());
    said
}

/// What every task has.
fn base(task: &Task, spec: Option<&TaskSpec>) -> wire::task::Task {
    let assignees = task.data.assignees.clone().or_else(|| spec.map(|spec| spec.assignees.clone()));
    let rule = task.data.due_rule.clone().or_else(|| spec.and_then(|spec| spec.due.clone()));
    wire::task::Task {
        id: task.id.to_string(),
        template_id: task.key.clone(),
        name: task.name.clone(),
        task_type: kind(task.kind),
        status: task.status.into(),
        analytics: analytics(&task.data.times),
        enabled: task.enabled,
        due_date: task.due.as_ref().map(|due| due.text.clone()),
        due_date_config: rule.map(Into::into),
        requirements: some(all(spec.map(|spec| spec.requirements.clone()).unwrap_or_default())),
        assigned_to: some(all(assignees.unwrap_or_default())),
        created_at: Some(Time(task.created_at)),
        updated_at: Some(Time(task.updated_at)),
        manually_created: Some(spec.is_some_and(|spec| spec.added)),
        taxonomies: some(spec.map(|spec| spec.taxonomies.clone()).unwrap_or_default()),
        description: None,
        journey: None,
        ecp: None,
        installer: None,
        partner: None,
        phase_id: None,
        automation_config: None,
        automation_execution_id: None,
        trigger_mode: None,
        schedule: None,
        conditions: None,
        allow_parallel_execution: None,
        loop_config: None,
        agent_config: None,
        agent_execution: None,
        agent_execution_id: None,
        more: Map::new(),
    }
}

fn kind(kind: TaskKind) -> TaskType {
    match kind {
        TaskKind::Manual => TaskType::Manual,
        TaskKind::Automation => TaskType::Automation,
        TaskKind::Decision => TaskType::Decision,
        TaskKind::Agent => TaskType::AiAgent,
    }
}

/// Who begins a task.
pub(super) fn mode(spec: Option<&TaskSpec>) -> TriggerMode {
    match spec.map(|spec| spec.trigger) {
        Some(Trigger::Automatic) => TriggerMode::Automatic,
        Some(Trigger::Manual) | None => TriggerMode::Manual,
    }
}
