//! What automations, decisions and agents show beside what every task has.

use serde_json::{Map, Value, json};
use stepwell_core::flow::{ArmError, Run, Task, TaskSpec};

use super::show::read;
use super::task_show::mode;
use crate::flows::wire;
use crate::flows::wire::schedule::{Condition, Schedule, ScheduleMode};
use crate::flows::wire::task::{AgentConfig, AgentExecutionInfo, AutomationInfo};

/// An automation: what it runs, how that stands, and when it begins.
pub(super) fn automation(
    whole: wire::task::Task,
    task: &Task,
    spec: Option<&TaskSpec>,
    said: Value,
    written: Value,
) -> wire::task::Task {
    let unarmed = task.data.armed.as_ref().and_then(|armed| armed.error.as_ref()).map(ArmError::shown);
    wire::task::Task {
        automation_config: info(said, task.data.run.as_ref(), unarmed),
        automation_execution_id: task.data.run.as_ref().and_then(|run| run.id.clone()),
        trigger_mode: Some(mode(spec)),
        schedule: schedule(spec, written, task).map(|set| Schedule { error_reason: None, ..set }),
        ..whole
    }
}

/// What an automation runs: the template's configuration, that of a patch over it, and the run over both.
fn info(said: Value, run: Option<&Run>, unarmed: Option<String>) -> Option<AutomationInfo> {
    let mut members = match said {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    if let Some(Value::Object(patched)) = run.and_then(|run| run.config.clone()) {
        members.extend(patched);
    }
    if !members.get("flow_id").is_some_and(Value::is_string) {
        // The document wants one, templates need none.
        let action = members.get("action_config").and_then(|action| action["type"].as_str()).unwrap_or_default();
        members.insert("flow_id".to_owned(), json!(action));
    }
    let known = [
        ("execution_id", run.and_then(|run| run.id.clone())),
        ("execution_status", run.and_then(|run| run.status.clone())),
        ("error_reason", run.and_then(|run| run.error.clone()).or(unarmed)),
    ];
    for (name, value) in known {
        members.remove(name);
        if let Some(value) = value {
            members.insert(name.to_owned(), Value::String(value));
        }
    }
    // What only passes through need not be what the document says it is.
    members.retain(|name, value| match name.as_str() {
        "heal_attempts" => value.is_i64(),
        "last_heal_attempted_at" => value.is_string(),
        _ => true,
    });
    read(Value::Object(members))
}

/// A decision: its branches and what was found of them.
pub(super) fn decision(
    whole: wire::task::Task,
    task: &Task,
    spec: Option<&TaskSpec>,
    config: Option<&Value>,
    written: Value,
) -> wire::task::Task {
    let config = config.unwrap_or(&Value::Null);
    let result = task.data.result.as_ref().unwrap_or(&Value::Null);
    let conditions = config["conditions"].as_array().into_iter().flatten();
    wire::task::Task {
        trigger_mode: Some(mode(spec)),
        conditions: Some(conditions.filter_map(|written| condition(written, result)).collect()),
        allow_parallel_execution: Some(config["parallel"].as_bool().unwrap_or(true)),
        // In the contract, one that is taken at once has none.
        schedule: schedule(spec, written, task).filter(|set| set.mode != ScheduleMode::Immediate),
        ..whole
    }
}

/// A condition as it was written for the component, with what the component found.
fn condition(written: &Value, result: &Value) -> Option<Condition> {
    let operator = if written["all"] == false { "OR" } else { "AND" };
    let mut found = result["conditions"].as_array().into_iter().flatten();
    let met = found.find(|found| found["id"] == written["id"]).map(|found| found["met"].clone());
    let at = met.is_some().then(|| result["evaluatedAt"].clone());
    read(json!({
        "id": written["id"], "branch_name": written["name"], "logical_operator": operator,
        "statements": written["statements"], "is_met": met, "evaluated_at": at,
    }))
}

/// An agent: which one, and how its run stands.
pub(super) fn agent(whole: wire::task::Task, task: &Task, said: Value) -> wire::task::Task {
    let run = task.data.run.as_ref();
    let info = run.map(|run| AgentExecutionInfo {
        execution_id: run.id.clone(),
        execution_status: run.status.clone(),
        error_reason: run.error.clone(),
        outcome: run.outcome.clone(),
    });
    wire::task::Task {
        agent_config: read::<AgentConfig>(said),
        agent_execution: info.filter(|info| *info != AgentExecutionInfo::default()),
        agent_execution_id: run.and_then(|run| run.id.clone()),
        ..whole
    }
}

/// A schedule as it was written, with what became of it.
fn schedule(spec: Option<&TaskSpec>, written: Value, task: &Task) -> Option<Schedule> {
    let known = spec?.schedule.as_ref()?;
    let armed = task.data.armed.clone().unwrap_or_default();
    Some(Schedule {
        schedule_id: armed.id.clone(),
        scheduled_at: armed.at.map(|at| at.to_rfc3339()),
        error_reason: armed.error.as_ref().map(ArmError::shown),
        ..read(written).unwrap_or_else(|| Schedule::from(known))
    })
}
