//! A step of the first version as it is shown.

use serde_json::{Map, Value};
use stepwell_core::Timestamp;
use stepwell_core::flow::{Assignee, Task, TaskKind, TaskSpec};

use super::show::{Detail, Shown, members, read, section_id};
use crate::flows::definitions::due;
use crate::flows::short::short;
use crate::flows::wire::v1::{AutomationConfig, Step, StepKind, StepType};

/// Members that a list leaves out.
const DETAILS: [&str; 5] = ["description", "ecp", "installer", "partner", "journey"];

/// A step.
pub(super) fn step(of: &Shown<'_>, task: &Task, detail: Detail) -> Step {
    let spec = of.graph.step(task.step_id).and_then(|step| step.task.as_deref());
    let mut members = members(of.graph, task);
    if detail == Detail::Slim {
        members.retain(|name, _| !DETAILS.contains(&name.as_str()));
    }
    let times = &task.data.times;
    let time = |time: Option<Timestamp>| time.map(Timestamp::to_rfc3339);
    let added = spec.is_some_and(|spec| spec.added);
    Step {
        id: short(task.id.0),
        definition_id: (!added).then(|| task.key.clone()),
        entity_ref_id: member(&members, "entityRefId"),
        name: task.name.clone(),
        kind: StepKind::Step,
        description: member(&members, "description"),
        ecp: member(&members, "ecp"),
        installer: member(&members, "installer"),
        partner: member(&members, "partner"),
        enabled: Some(task.enabled),
        requirements: member(&members, "requirements"),
        execution_type: Some(execution_type(task.kind)),
        section_id: task.phase.as_deref().map(|key| section_id(of.flow, key)),
        execution_id: Some(task.execution_id.to_string()),
        user_ids: member(&members, "userIds"),
        assigned_to: Some(assignees(task, spec)),
        assigned_to_in_progress: times.in_progress_by.clone(),
        assigned_to_on_hold: times.on_hold_by.clone(),
        status: Some(task.status.into()),
        created: Some(task.created_at.to_rfc3339()),
        last_updated: Some(task.updated_at.to_rfc3339()),
        status_last_updated: time(times.status_updated_at),
        started_time: time(times.started_at),
        completed_time: time(times.completed_at),
        due_date: task.due.as_ref().map(|due| due.text.clone()),
        dynamic_due_date: task.data.due_rule.as_ref().or(spec.and_then(|spec| spec.due.as_ref())).map(due::shown),
        manually_created: Some(added),
        automation_config: (detail == Detail::Full).then(|| automation(task, &members)).flatten(),
        journey: member(&members, "journey"),
        taxonomies: member(&members, "taxonomies"),
    }
}

/// A member as what it is on the wire.
fn member<T: serde::de::DeserializeOwned>(members: &Map<String, Value>, name: &str) -> Option<T> {
    members.get(name).and_then(read)
}

/// What kind of work it is, in the words of the first version.
fn execution_type(kind: TaskKind) -> StepType {
    match kind {
        TaskKind::Automation => StepType::Automation,
        TaskKind::Manual | TaskKind::Decision | TaskKind::Agent => StepType::Manual,
    }
}

fn assignees(task: &Task, spec: Option<&TaskSpec>) -> Vec<String> {
    let assignees = task.data.assignees.as_deref().or(spec.map(|spec| &spec.assignees[..])).unwrap_or_default();
    assignees.iter().flat_map(Assignee::people).cloned().collect()
}

/// What it runs, as it was last said, and how that stands.
fn automation(task: &Task, members: &Map<String, Value>) -> Option<AutomationConfig> {
    let run = task.data.run.as_ref();
    let config = run.and_then(|run| run.config.as_ref()).or(members.get("automationConfig"))?;
    let mut config: AutomationConfig = read(config)?;
    if let Some(run) = run {
        config.execution_id = run.id.clone().or(config.execution_id);
        config.execution_status = run.status.clone().or(config.execution_status);
    }
    Some(config)
}
