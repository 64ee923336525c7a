//! Limits that a template may exceed: it is told of them, or refused if it asks to be held to them (spec epilot-flows, 3).

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::error::{ApiError, FieldError};
use crate::flows::wire::template::{FlowLimitWarning, FlowTemplate};
use crate::flows::wire::template_task::TemplateTask;

/// How many there may be of something.
struct Limit {
    key: &'static str,
    what: &'static str,
    max: usize,
}

const TASKS: Limit = Limit { key: "errors.flow_max_tasks", what: "tasks", max: 100 };
const PHASES: Limit = Limit { key: "errors.flow_max_phases", what: "phases", max: 30 };
const INCOMING: Limit = Limit { key: "errors.task_max_incoming_edges", what: "edges that lead to a task", max: 10 };
const BRANCHES: Limit = Limit { key: "errors.decision_max_branches", what: "branches of a decision", max: 10 };
const STATEMENTS: Limit = Limit { key: "errors.branch_max_statements", what: "statements of a branch", max: 20 };
const SYNC: Limit = Limit { key: "errors.flow_max_entity_sync", what: "rules of entity sync", max: 20 };

impl Limit {
    /// The warning, if `current` is more than there may be.
    fn exceeded(&self, current: usize, path: Value) -> Option<FlowLimitWarning> {
        let Self { key, what, max } = *self;
        let Value::Array(path) = path else { return None };
        (current > max).then(|| FlowLimitWarning {
            i18n_key: key.to_owned(),
            message: format!("{current} {what}; {max} are recommended at most"),
            max: number(max),
            current: Some(number(current)),
            node_id: None,
            task_name: None,
            branch_name: None,
            param_name: None,
            path,
        })
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The limits that a template exceeds.
pub(super) fn warnings(template: &FlowTemplate) -> Vec<FlowLimitWarning> {
    let mut incoming: HashMap<&str, usize> = HashMap::new();
    for to in template.edges.iter().filter_map(|edge| edge.to_id.as_deref()) {
        *incoming.entry(to).or_default() += 1;
    }
    let phases = template.phases.as_ref().map_or(0, Vec::len);
    let rules = template.entity_sync.as_ref().map_or(0, Vec::len);
    let mut found: Vec<_> = [
        TASKS.exceeded(template.tasks.len(), json!(["tasks"])),
        PHASES.exceeded(phases, json!(["phases"])),
        SYNC.exceeded(rules, json!(["entity_sync"])),
    ]
    .into_iter()
    .flatten()
    .collect();
    for (place, task) in template.tasks.iter().enumerate() {
        let entered = incoming.get(task.id.as_str()).copied().unwrap_or_default();
        let of_task = INCOMING.exceeded(entered, json!(["tasks", place])).into_iter().chain(of_decision(place, task));
        found.extend(of_task.map(|warning| FlowLimitWarning {
            node_id: Some(task.id.clone()),
            task_name: Some(task.name.clone()),
            ..warning
        }));
    }
    found
}

fn of_decision(place: usize, task: &TemplateTask) -> Vec<FlowLimitWarning> {
    let conditions = task.conditions.as_deref().unwrap_or_default();
    let branches = BRANCHES.exceeded(conditions.len(), json!(["tasks", place, "conditions"]));
    let statements = conditions.iter().enumerate().filter_map(|(at, condition)| {
        let path = json!(["tasks", place, "conditions", at, "statements"]);
        let warning = STATEMENTS.exceeded(condition.statements.len(), path)?;
        Some(FlowLimitWarning { branch_name: Some(condition.branch_name.clone()), ..warning })
    });
    branches.into_iter().chain(statements).collect()
}

/// Refuses a template that exceeds limits, but for those that it exceeded before by as much or more.
pub(super) fn enforce(now: &[FlowLimitWarning], before: &[FlowLimitWarning]) -> Result<(), ApiError> {
    // Named by what they are of: places change when something is added before them.
    let name =
        |warning: &FlowLimitWarning| (warning.i18n_key.clone(), warning.node_id.clone(), warning.branch_name.clone());
    let mut known: HashMap<_, f64> = HashMap::new();
    for warning in before {
        let most = known.entry(name(warning)).or_default();
        *most = most.max(warning.current.unwrap_or_default());
    }
    let is_new = |warning: &&FlowLimitWarning| known.get(&name(warning)).is_none_or(|was| warning.current > Some(*was));
    let worse: Vec<_> = now.iter().filter(is_new).map(refusal).collect();
    if worse.is_empty() { Ok(()) } else { Err(ApiError::validation(worse)) }
}

fn refusal(warning: &FlowLimitWarning) -> FieldError {
    let path = warning.path.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
    FieldError::new(path.collect::<Vec<_>>().join("."), "too_big", warning.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(tasks: usize, edges: usize) -> FlowTemplate {
        let task = |at: usize| json!({"id": format!("t{at}"), "name": "Task", "task_type": "MANUAL"});
        let edge = |at: usize| json!({"id": format!("e{at}"), "from_id": format!("t{}", at + 1), "to_id": "t0"});
        let tasks: Vec<_> = (0..tasks).map(task).collect();
        let edges: Vec<_> = (0..edges).map(edge).collect();
        serde_json::from_value(json!({"name": "Flow", "tasks": tasks, "edges": edges})).expect("template")
    }

    #[test]
    fn what_exceeds_a_limit_is_told_with_its_place() {
        assert!(warnings(&template(100, 10)).is_empty());
        let found = warnings(&template(101, 11));
        let keys: Vec<_> = found.iter().map(|warning| warning.i18n_key.as_str()).collect();
        assert_eq!(keys, ["errors.flow_max_tasks", "errors.task_max_incoming_edges"]);
        assert_eq!((found[1].node_id.as_deref(), found[1].current), (Some("t0"), Some(11.0)));
        assert_eq!(found[1].path, [json!("tasks"), json!(0)]);
    }

    #[test]
    fn what_was_exceeded_before_may_stay_so_and_not_become_worse() {
        let before = warnings(&template(102, 0));
        assert!(enforce(&warnings(&template(102, 0)), &before).is_ok());
        assert!(enforce(&warnings(&template(101, 0)), &before).is_ok());
        let refused = enforce(&warnings(&template(103, 0)), &before).expect_err("worse");
        assert_eq!(refused.errors()[0].field, "tasks");
        assert!(enforce(&warnings(&template(101, 0)), &[]).is_err());
    }
}
