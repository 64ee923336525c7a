//! What a template's task becomes: a step with a component and its configuration, and what people see of it.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use stepwell_core::flow::{Repeat, TaskKind, TaskSpec, Trigger};
use stepwell_core::{Follow, Given, Join, Position, Step};

use crate::error::ApiError;
use crate::flows::convert::{all, schedule};
use crate::flows::wire::common::{TaskType, TriggerMode};
use crate::flows::wire::schedule::{Condition, LogicalOperator, LoopConfig};
use crate::flows::wire::template_task::{TemplateAutomation, TemplateTask};

/// Members of a task that its step and specification say already; the rest is shown as it was written.
const SAID: &[&str] = &[
    "id",
    "name",
    "task_type",
    "phase_id",
    "requirements",
    "due_date",
    "due_date_config",
    "assigned_to",
    "taxonomies",
    "trigger_mode",
    "conditions",
    "allow_parallel_execution",
    "loop_config",
];

/// The component that does a kind of task.
pub(crate) fn step_type(kind: TaskType) -> &'static str {
    match kind {
        TaskType::Manual => "manual-task",
        TaskType::Automation => "automation",
        TaskType::Decision => "decision",
        TaskType::AiAgent => "ai-agent",
    }
}

impl From<TaskType> for TaskKind {
    fn from(kind: TaskType) -> Self {
        match kind {
            TaskType::Manual => Self::Manual,
            TaskType::Automation => Self::Automation,
            TaskType::Decision => Self::Decision,
            TaskType::AiAgent => Self::Agent,
        }
    }
}

/// The step of a task. `otherwise` has the decisions with a default branch. Its id is made when the graph is compiled.
pub(crate) fn step(task: TemplateTask, otherwise: &HashSet<String>, given: &Given<'_>) -> Result<Step, ApiError> {
    let shown = shown(&task)?;
    let config = config(&task, otherwise.contains(&task.id))?;
    Ok(Step {
        id: given.id(),
        step_type: step_type(task.task_type).to_owned(),
        name: task.name.clone(),
        position: Position::default(),
        config,
        template_id: None,
        retry: None,
        plugin: None,
        follow: Follow::All,
        join: Join::Any,
        task: Some(Box::new(spec(task))),
        shown,
        created_at: given.now,
        updated_at: given.now,
    })
}

/// What is shown of a task beside what its specification says.
fn shown(task: &TemplateTask) -> Result<Option<Value>, ApiError> {
    let Value::Object(mut members) = serde_json::to_value(task).map_err(ApiError::internal)? else { return Ok(None) };
    members.retain(|name, _| !SAID.contains(&name.as_str()));
    Ok((!members.is_empty()).then_some(Value::Object(members)))
}

fn spec(task: TemplateTask) -> TaskSpec {
    let timed = matches!(task.task_type, TaskType::Automation | TaskType::Decision);
    let is_decision = task.task_type == TaskType::Decision;
    TaskSpec {
        key: task.id,
        kind: task.task_type.into(),
        phase: task.phase_id,
        trigger: trigger(task.task_type, task.trigger_mode),
        schedule: task.schedule.filter(|_| timed).map(schedule),
        requirements: all(task.requirements.unwrap_or_default()),
        due_date: task.due_date.filter(|date| !date.is_empty()),
        due: task.due_date_config.map(Into::into),
        assignees: all(task.assigned_to.unwrap_or_default()),
        taxonomies: task.taxonomies.unwrap_or_default(),
        repeat: task.loop_config.filter(|_| is_decision).and_then(repeat),
        added: false,
    }
}

/// Who begins a task: people begin automations that do not say so.
pub(crate) fn trigger(kind: TaskType, mode: Option<TriggerMode>) -> Trigger {
    match (kind, mode) {
        (TaskType::Manual | TaskType::AiAgent, _) | (_, Some(TriggerMode::Automatic)) => Trigger::Automatic,
        (TaskType::Automation | TaskType::Decision, Some(TriggerMode::Manual) | None) => Trigger::Manual,
    }
}

fn repeat(wire: LoopConfig) -> Option<Repeat> {
    Some(Repeat { again: wire.loop_branch_id?, leave: wire.exit_branch_id?, max: wire.max_iterations })
}

/// The configuration of a task's component.
fn config(task: &TemplateTask, otherwise: bool) -> Result<Value, ApiError> {
    Ok(match task.task_type {
        TaskType::Manual => manual(&task.name, task),
        TaskType::Automation => task.automation_config.as_ref().map_or_else(|| json!({}), automation),
        TaskType::Decision => decision(task, otherwise)?,
        TaskType::AiAgent => agent(task.agent_config.as_ref()),
    })
}

fn manual(title: &str, task: &TemplateTask) -> Value {
    let mut config = Map::from_iter([("title".to_owned(), json!(title))]);
    if let Some(text) = task.description.as_ref().and_then(|description| description.value.as_ref()) {
        config.insert("description".to_owned(), json!(text));
    }
    Value::Object(config)
}

/// What an automation runs: `flow_id`, else the step type that `action_config` names.
fn automation(wire: &TemplateAutomation) -> Value {
    let mut config = Map::new();
    let action = wire.action_config.as_ref();
    let flow = wire.flow_id.as_ref().filter(|id| !id.is_empty()).or_else(|| action.map(|action| &action.kind));
    if let Some(flow) = flow {
        config.insert("flowId".to_owned(), json!(flow));
    }
    if let Some(input) = &wire.input_context {
        let mut from = Map::from_iter([("source".to_owned(), json!(input.source))]);
        if let Some(task) = &input.task_id {
            from.insert("taskId".to_owned(), json!(task));
        }
        config.insert("input".to_owned(), Value::Object(from));
    }
    let given = wire.more.get("config").or_else(|| action.and_then(|action| action.config.as_ref()));
    if let Some(given) = given {
        config.insert("config".to_owned(), given.clone());
    }
    Value::Object(config)
}

fn decision(task: &TemplateTask, otherwise: bool) -> Result<Value, ApiError> {
    let mode = task.trigger_mode.unwrap_or(TriggerMode::Manual);
    let conditions = task.conditions.iter().flatten().map(condition).collect::<Result<Vec<_>, _>>()?;
    let parallel = task.allow_parallel_execution.unwrap_or(true);
    Ok(json!({ "mode": mode, "conditions": conditions, "parallel": parallel, "otherwise": otherwise }))
}

fn condition(wire: &Condition) -> Result<Value, ApiError> {
    let statements = serde_json::to_value(&wire.statements).map_err(ApiError::internal)?;
    let all = wire.logical_operator == LogicalOperator::And;
    Ok(json!({ "id": wire.id, "name": wire.branch_name, "all": all, "statements": statements }))
}

fn agent(wire: Option<&Value>) -> Value {
    let mut config = Map::new();
    for (from, to) in [("agent_id", "agentId"), ("parameters", "parameters")] {
        if let Some(value) = wire.and_then(|wire| wire.get(from)).filter(|value| !value.is_null()) {
            config.insert(to.to_owned(), value.clone());
        }
    }
    Value::Object(config)
}
