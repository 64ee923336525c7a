//! From sections and steps to a graph without edges: tasks in one order, worked on from top to bottom.

use serde_json::{Map, Value, json};
use stepwell_core::flow::{Assignee, Draft, Drawn, DueRule, PhaseSpec, Requirement, TaskKind, TaskSpec, Trigger};
use stepwell_core::{DefinitionId, Follow, Join, Position, Step, StepId, Timestamp};
use uuid::Uuid;

use super::due;
use crate::error::ApiError;
use crate::flows::wire::definition::{DefinitionItem, WorkflowDefinition};
use crate::flows::wire::v1::{ItemType, StepType};

/// The step type behind a step that a person does.
const MANUAL: &str = "manual-task";

/// The step type behind a step that something else does. Its automation is run from outside, so nothing starts it here.
const AUTOMATION: &str = "automation";

/// Members of a step that tasks have of their own; all others are shown as they were written.
const OWN: [&str; 5] = ["id", "name", "order", "type", "steps"];

/// What is to be compiled of a checked definition.
pub(super) fn draft(id: DefinitionId, definition: &WorkflowDefinition, now: Timestamp) -> Result<Draft, ApiError> {
    let (mut phases, mut steps) = (Vec::new(), Vec::new());
    for item in in_order(&definition.flow) {
        if item.kind != Some(ItemType::Section) {
            steps.push(step(item, None, now)?);
            continue;
        }
        for inner in in_order(item.steps.as_deref().unwrap_or_default()) {
            steps.push(step(inner, item.id.as_deref(), now)?);
        }
        phases.push(phase(item)?);
    }
    let drawn = Drawn { phases, list: true, ..Drawn::default() };
    Ok(Draft { definition: id, steps, drawn })
}

/// By `order`; items of the same order stay as they were sent.
fn in_order(items: &[DefinitionItem]) -> Vec<&DefinitionItem> {
    let mut sorted: Vec<_> = items.iter().collect();
    sorted.sort_by(|a, b| a.order.total_cmp(&b.order));
    sorted
}

fn phase(item: &DefinitionItem) -> Result<PhaseSpec, ApiError> {
    Ok(PhaseSpec {
        key: item.id.clone().unwrap_or_default(),
        name: item.name.clone(),
        due_date: item.due_date.clone(),
        due: rule(item)?,
        assignees: people(item),
        taxonomies: item.taxonomies.clone().unwrap_or_default(),
        shown: Map::new(),
    })
}

fn step(item: &DefinitionItem, section: Option<&str>, now: Timestamp) -> Result<Step, ApiError> {
    let automated = item.execution_type == Some(StepType::Automation);
    let flow = item.automation_config.as_ref().and_then(|config| config.get("flowId"));
    let config = match flow {
        Some(id) if automated => json!({ "flowId": id }),
        _ => json!({}),
    };
    Ok(new_step(&item.name, automated, config, Some(shown(item)?), task(item, section)?, now))
}

/// A step of a list. Its id is made when the graph is compiled.
pub(crate) fn new_step(
    name: &str,
    automated: bool,
    config: Value,
    shown: Option<Value>,
    task: TaskSpec,
    now: Timestamp,
) -> Step {
    Step {
        id: StepId::from(Uuid::nil()),
        step_type: if automated { AUTOMATION } else { MANUAL }.to_owned(),
        name: name.to_owned(),
        position: Position::default(),
        config,
        template_id: None,
        retry: None,
        plugin: None,
        follow: Follow::All,
        join: Join::Any,
        task: Some(Box::new(task)),
        shown,
        created_at: now,
        updated_at: now,
    }
}

fn task(item: &DefinitionItem, section: Option<&str>) -> Result<TaskSpec, ApiError> {
    let automated = item.execution_type == Some(StepType::Automation);
    let requirements = item.requirements.iter().flatten().map(|needed| match needed.kind {
        ItemType::Step => Requirement::Task(needed.definition_id.clone()),
        ItemType::Section => Requirement::Phase(needed.definition_id.clone()),
    });
    Ok(TaskSpec {
        key: item.id.clone().unwrap_or_default(),
        kind: if automated { TaskKind::Automation } else { TaskKind::Manual },
        phase: section.map(str::to_owned),
        trigger: if automated { Trigger::Manual } else { Trigger::Automatic },
        schedule: None,
        requirements: requirements.collect(),
        due_date: item.due_date.clone(),
        due: rule(item)?,
        assignees: people(item),
        taxonomies: item.taxonomies.clone().unwrap_or_default(),
        repeat: None,
        added: false,
    })
}

fn rule(item: &DefinitionItem) -> Result<Option<DueRule>, ApiError> {
    item.dynamic_due_date.as_ref().map(|config| due::rule(config, "dynamicDueDate")).transpose()
}

fn people(item: &DefinitionItem) -> Vec<Assignee> {
    item.assigned_to.iter().flatten().cloned().map(Assignee::Person).collect()
}

fn shown(item: &DefinitionItem) -> Result<Value, ApiError> {
    let mut shown = serde_json::to_value(item).map_err(ApiError::internal)?;
    if let Value::Object(members) = &mut shown {
        members.retain(|name, _| !OWN.contains(&name.as_str()));
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafted(flow: Value) -> Draft {
        let definition = serde_json::from_value(json!({"name": "Onboarding", "flow": flow})).expect("a definition");
        draft(DefinitionId::from(Uuid::nil()), &definition, Timestamp(0)).expect("a draft")
    }

    #[test]
    fn steps_come_in_the_order_that_is_asked_for() {
        let draft = drafted(json!([
            {"id": "z", "name": "Last", "order": 9, "type": "STEP"},
            {"id": "s", "name": "Section", "order": 1, "type": "SECTION", "steps": [
                {"id": "b", "name": "Second", "order": 2, "type": "STEP"},
                {"id": "a", "name": "First", "order": 1, "type": "STEP"},
            ]},
        ]));
        let keys: Vec<_> = draft.steps.iter().filter_map(|step| step.task.as_ref()).collect();
        let keys: Vec<_> = keys.iter().map(|task| (task.key.as_str(), task.phase.as_deref())).collect();
        assert_eq!(keys, [("a", Some("s")), ("b", Some("s")), ("z", None)]);
        assert!(draft.drawn.list && draft.drawn.edges.is_empty());
        assert_eq!(draft.drawn.phases[0].name, "Section");
    }

    #[test]
    fn an_automation_waits_for_whoever_runs_it() {
        let draft = drafted(json!([{
            "id": "a", "name": "Sync", "type": "STEP", "executionType": "AUTOMATION",
            "automationConfig": {"flowId": "f1"}, "description": {"value": "x"},
            "requirements": [{"definitionId": "b", "type": "STEP", "condition": "CLOSED"}],
        }]));
        let step = &draft.steps[0];
        let task = step.task.as_ref().expect("a task");
        assert_eq!((step.step_type.as_str(), task.trigger), ("automation", Trigger::Manual));
        assert_eq!(step.config, json!({"flowId": "f1"}));
        assert_eq!(task.requirements, [Requirement::Task("b".into())]);
        let shown = step.shown.as_ref().expect("shown");
        assert_eq!(shown["description"], json!({"value": "x"}));
        assert_eq!(shown["name"], Value::Null);
    }
}
