//! From the engine's nouns to the words of this surface.

use std::collections::HashMap;

use serde_json::{Map, Value};
use stepwell_core as core;
use stepwell_core::{Definition, Graph, Reentry, StepId, StepStatus, TemplateId};

use super::edge::WaitOutcome;
use super::step_type::to_wire;
use super::wire;
use crate::wire::{JsonObject, Time};

/// A workflow without its steps.
pub(super) fn workflow(definition: &Definition) -> wire::Workflow {
    wire::Workflow {
        id: definition.id.0,
        name: definition.name.clone(),
        description: definition.description.clone(),
        enabled: definition.enabled,
        trigger_type: definition.trigger.into(),
        trigger_config: definition.trigger_config.as_object().cloned().map(JsonObject),
        allow_reentry: allows_reentry(definition.reentry),
        reentry: definition.reentry.into(),
        commit_every_step: definition.commit_every_step,
        version: definition.version,
        project_id: definition.workspace_id.0,
        created_at: Time(definition.created_at),
        updated_at: Time(definition.updated_at),
    }
}

/// Whether a contact may enter again after it has been through: the policy as the older boolean.
pub(super) fn allows_reentry(reentry: Reentry) -> bool {
    match reentry {
        Reentry::Once | Reentry::OnceUnlessFailed => false,
        Reentry::OneActive | Reentry::Always => true,
    }
}

/// A step without its transitions.
pub(super) fn step(definition: core::DefinitionId, step: &core::Step) -> wire::Step {
    wire::Step {
        id: step.id.0,
        step_type: to_wire(&step.step_type),
        name: step.name.clone(),
        position: wire::Position { x: step.position.x, y: step.position.y },
        config: JsonObject(object(&step.config)),
        workflow_id: definition.0,
        template_id: step.template_id.map(|id| id.0),
        retry: step.retry.map(retry),
        plugin_digest: step.plugin.map(|digest| digest.to_string()),
        created_at: Time(step.created_at),
        updated_at: Time(step.updated_at),
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn retry(policy: core::RetryPolicy) -> wire::Retry {
    wire::Retry {
        max_attempts: policy.max_attempts,
        initial_delay_ms: Some(policy.initial_delay_ms),
        max_delay_ms: Some(policy.max_delay_ms),
        multiplier: Some(policy.multiplier),
    }
}

/// The steps of a graph, oldest first, each with its transitions in both directions.
pub(super) fn detailed_steps(
    definition: core::DefinitionId,
    graph: &Graph,
    templates: &HashMap<TemplateId, String>,
) -> Vec<wire::DetailedStep> {
    let mut outgoing: HashMap<StepId, Vec<&core::Transition>> = HashMap::new();
    let mut incoming: HashMap<StepId, Vec<wire::Transition>> = HashMap::new();
    for edge in &graph.transitions {
        outgoing.entry(edge.from).or_default().push(edge);
        incoming.entry(edge.to).or_default().push(transition(graph, edge));
    }
    let detailed = graph.steps.iter().map(|known| {
        let mut leaving = outgoing.remove(&known.id).unwrap_or_default();
        leaving.sort_by_key(|edge| edge.priority);
        wire::DetailedStep {
            step: step(definition, known),
            template: known.template_id.and_then(|id| template(id, templates)),
            outgoing_transitions: leaving.into_iter().map(|edge| transition(graph, edge)).collect(),
            incoming_transitions: incoming.remove(&known.id).unwrap_or_default(),
        }
    });
    detailed.collect()
}

fn template(id: TemplateId, names: &HashMap<TemplateId, String>) -> Option<wire::TemplateRef> {
    Some(wire::TemplateRef { id: id.0, name: names.get(&id)?.clone() })
}

/// A transition of a graph.
pub(super) fn transition(graph: &Graph, edge: &core::Transition) -> wire::Transition {
    wire::Transition {
        id: edge.id.0,
        from_step_id: edge.from.0,
        to_step_id: edge.to.0,
        condition: edge.condition.as_ref().and_then(Value::as_object).cloned().map(JsonObject),
        wait_outcome: graph.step(edge.from).and_then(|from| WaitOutcome::of(from, &edge.guard)),
        priority: edge.priority,
        created_at: Time(edge.created_at),
        updated_at: Time(edge.updated_at),
    }
}

/// An execution by itself.
pub(super) fn execution(execution: &core::Execution) -> wire::Execution {
    wire::Execution {
        id: execution.id.0,
        workflow_id: execution.definition_id.0,
        workflow_version: execution.definition_version,
        contact_id: execution.contact_id.map(|id| id.0),
        status: execution.status.into(),
        current_step_id: execution.current_step_id.map(|id| id.0),
        exit_reason: execution.exit_reason.clone(),
        context: execution.event.clone(),
        started_at: Time(execution.started_at),
        completed_at: execution.completed_at.map(Time),
        created_at: Time(execution.created_at),
        updated_at: Time(execution.updated_at),
    }
}

/// A step by its name, as the graph has it.
pub(super) fn step_ref(graph: Option<&Graph>, id: StepId) -> Option<wire::StepRef> {
    let step = graph?.step(id)?;
    Some(wire::StepRef { id: id.0, name: step.name.clone(), step_type: to_wire(&step.step_type) })
}

/// A visit to a step.
pub(super) fn step_execution(visit: core::StepExecution, graph: Option<&Graph>) -> wire::StepExecution {
    let due = visit.run_at.filter(|_| visit.status == StepStatus::Pending).map(Time);
    wire::StepExecution {
        id: visit.id.0,
        execution_id: visit.execution_id.0,
        step_id: visit.step_id.0,
        status: visit.status.into(),
        attempt: visit.attempt,
        scheduled_for: due,
        execute_after: visit.due_at.map(Time),
        next_retry_at: due.filter(|_| visit.failure.is_some()),
        started_at: visit.started_at.map(Time),
        completed_at: visit.completed_at.map(Time),
        output: visit.output,
        error: visit.failure.as_ref().map(|failure| failure.message.clone()),
        failure: visit.failure.map(failure),
        plugin_digest: visit.plugin.map(|digest| digest.to_string()),
        created_at: Time(visit.created_at),
        updated_at: Time(visit.updated_at),
        step: step_ref(graph, visit.step_id),
    }
}

/// Why a step failed.
pub(super) fn failure(failure: core::Failure) -> wire::StepFailure {
    wire::StepFailure { code: failure.code, message: failure.message, retryable: failure.retryable }
}

/// An entry of a journal.
pub(crate) fn journal_entry(entry: core::JournalEntry) -> wire::JournalEntry {
    wire::JournalEntry {
        number: entry.number,
        at: Time(entry.at),
        kind: entry.kind.as_str(),
        step_id: entry.step_id.map(|id| id.0),
        step_execution_id: entry.step_execution_id.map(|id| id.0),
        data: entry.data,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stepwell_core::testing::{definition, edge, graph, step};
    use stepwell_core::{Failure, Guard, Timestamp};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_policy_is_shown_as_the_older_boolean_too() {
        let shown = |reentry| workflow(&definition(reentry)).allow_reentry;
        assert!(!shown(Reentry::Once) && !shown(Reentry::OnceUnlessFailed));
        assert!(shown(Reentry::OneActive) && shown(Reentry::Always));
    }

    #[test]
    fn a_step_shows_its_transitions_in_both_directions() {
        let steps = vec![step("trigger"), step("wait-for-event"), step("exit")];
        let timeout = Guard::Branch("timeout".into());
        let edges = vec![
            edge(&steps, "trigger", "wait-for-event", Guard::Always, 0),
            edge(&steps, "wait-for-event", "exit", Guard::Otherwise, 5),
            edge(&steps, "wait-for-event", "exit", timeout, 1),
        ];
        let shown = detailed_steps(Uuid::nil().into(), &graph(steps, edges), &HashMap::new());
        let shown = serde_json::to_value(&shown[1]).expect("json");
        let outcomes: Vec<_> = (0..2).map(|n| shown["outgoingTransitions"][n]["waitOutcome"].clone()).collect();
        assert_eq!(outcomes, [json!("TIMEOUT"), Value::Null]);
        assert_eq!(shown["incomingTransitions"].as_array().map(Vec::len), Some(1));
        assert_eq!((&shown["type"], &shown["config"]), (&json!("WAIT_FOR_EVENT"), &json!({})));
    }

    fn visit(status: StepStatus) -> core::StepExecution {
        core::StepExecution {
            id: Uuid::nil().into(),
            workspace_id: Uuid::nil().into(),
            execution_id: Uuid::nil().into(),
            step_id: Uuid::nil().into(),
            status,
            attempt: 2,
            run_at: Some(Timestamp(5)),
            resumes: 0,
            wake: None,
            state: None,
            output: None,
            failure: Some(Failure::passing("timeout", "no answer")),
            due_at: None,
            plugin: None,
            started_at: None,
            completed_at: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[test]
    fn a_pending_visit_says_when_it_is_due_and_that_it_is_a_retry() {
        let shown = step_execution(visit(StepStatus::Pending), None);
        assert_eq!((shown.scheduled_for, shown.next_retry_at), (Some(Time(Timestamp(5))), Some(Time(Timestamp(5)))));
        assert_eq!((shown.error.as_deref(), shown.attempt), (Some("no answer"), 2));
        assert_eq!(step_execution(visit(StepStatus::Running), None).scheduled_for, None);
    }
}
