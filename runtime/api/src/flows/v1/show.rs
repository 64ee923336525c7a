//! Executions of the first version as they are shown: sections and steps in their order.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use stepwell_core::flow::{Context, Flow, FlowData, PhaseSpec, Task};
use stepwell_core::{Graph, Timestamp};
use uuid::Uuid;

use super::step_show;
use crate::flows::definitions::due;
use crate::flows::short::short;
use crate::flows::wire::common::{ClosingReason, TriggerType};
use crate::flows::wire::v1::{
    Item, Section, SectionKind, Step, StepId, UpdateEntityAttributes, WorkflowContext, WorkflowExecution,
};

/// How much of a step is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Everything.
    Full,
    /// What a list needs: no descriptions, forms or automations.
    Slim,
}

/// What an execution is shown from.
pub(super) struct Shown<'a> {
    pub(super) flow: &'a Flow,
    /// By position.
    pub(super) tasks: &'a [Task],
    pub(super) graph: &'a Graph,
    /// How often it has changed.
    pub(super) version: i64,
}

/// An execution.
pub(super) fn execution(of: &Shown<'_>, detail: Detail) -> WorkflowExecution {
    let (flow, data) = (of.flow, &of.flow.data);
    let setting = |name: &str| data.settings.get(name);
    WorkflowExecution {
        id: flow.execution_id.to_string(),
        definition_id: flow.definition_id.to_string(),
        org_id: flow.workspace_id.to_string(),
        name: flow.name.clone(),
        creation_time: flow.created_at.to_rfc3339(),
        last_update_time: flow.updated_at.to_rfc3339(),
        due_date: flow.due.as_ref().map(|due| due.text.clone()),
        dynamic_due_date: data.due_rule.as_ref().map(due::shown),
        completed_time: data.completed_at.map(Timestamp::to_rfc3339),
        status: flow.status.into(),
        trigger: trigger(data),
        assigned_to: data.assignees.iter().flat_map(|assignee| assignee.people().to_vec()).collect(),
        last_modified_by: data.closed_by.clone(),
        contexts: contexts(&flow.contexts),
        next_open_step: next_open(of.tasks).map(|task| StepId { id: Some(short(task.id.0)) }),
        configured_closing_reason_snapshot: reasons(data.closing.configured.as_deref()),
        selected_closing_reasons: reasons(data.closing.selected.as_deref()),
        closing_reason_description: data.closing.description.clone(),
        enable_ecp_workflow: setting("enableECPWorkflow").and_then(Value::as_bool),
        update_entity_attributes: setting("updateEntityAttributes").and_then(read::<Vec<UpdateEntityAttributes>>),
        version: of.version,
        taxonomies: setting("taxonomies").and_then(read),
        single_closing_reason_selection: data.closing.single,
        flow: items(of, detail),
    }
}

/// The first step that is open.
pub(super) fn next_open(tasks: &[Task]) -> Option<&Task> {
    tasks.iter().find(|task| !task.status.is_done())
}

/// What an execution is about.
pub(super) fn contexts(contexts: &[Context]) -> Vec<WorkflowContext> {
    let shown = contexts.iter().map(|context| {
        let title = context.data.as_ref().and_then(|data| data.get("title")).and_then(Value::as_str);
        WorkflowContext {
            id: context.entity_id.clone(),
            title: title.unwrap_or_default().to_owned(),
            schema: context.schema.clone(),
        }
    });
    shown.collect()
}

/// Closing reasons, if there are any to speak of.
pub(super) fn reasons(reasons: Option<&[stepwell_core::flow::Reason]>) -> Option<Vec<ClosingReason>> {
    let shown =
        |reason: &stepwell_core::flow::Reason| ClosingReason { id: reason.id.clone(), title: reason.title.clone() };
    reasons.map(|reasons| reasons.iter().map(shown).collect())
}

/// A member of a document as what it is there; none if it is something else.
pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

fn trigger(data: &FlowData) -> TriggerType {
    data.trigger.get("type").and_then(read).unwrap_or_default()
}

/// Steps in their order; a section stands where its first step does, one without steps before the next section.
fn items(of: &Shown<'_>, detail: Detail) -> Vec<Item> {
    let phases = of.graph.drawn.as_ref().map_or(&[][..], |drawn| &drawn.phases[..]);
    let (mut items, mut shown) = (Vec::new(), 0);
    for task in of.tasks {
        let Some(place) = task.phase.as_ref().and_then(|key| phases.iter().position(|phase| phase.key == *key)) else {
            items.push(Item::Step(Box::new(step_show::step(of, task, detail))));
            continue;
        };
        if place >= shown {
            items.extend(phases[shown..=place].iter().map(|phase| Item::Section(Box::new(section(of, phase, detail)))));
            shown = place + 1;
        }
    }
    items.extend(phases[shown..].iter().map(|phase| Item::Section(Box::new(section(of, phase, detail)))));
    items
}

fn section(of: &Shown<'_>, spec: &PhaseSpec, detail: Detail) -> Section {
    let phase = of.flow.data.phases.iter().find(|phase| phase.key == spec.key);
    let own = of.tasks.iter().filter(|task| task.phase.as_deref() == Some(spec.key.as_str()));
    let steps: Vec<Step> = own.map(|task| step_show::step(of, task, detail)).collect();
    let assignees = phase.and_then(|phase| phase.assignees.as_deref()).unwrap_or(&spec.assignees);
    let rule = phase.and_then(|phase| phase.due_rule.as_ref()).or(spec.due.as_ref());
    let time = |of: fn(&stepwell_core::flow::Times) -> Option<Timestamp>| {
        phase.and_then(|phase| of(&phase.times)).map(Timestamp::to_rfc3339)
    };
    Section {
        id: section_id(of.flow, &spec.key),
        definition_id: Some(spec.key.clone()),
        name: phase.map_or(&spec.name, |phase| &phase.name).clone(),
        kind: SectionKind::Section,
        steps,
        user_ids: None,
        assigned_to: Some(assignees.iter().flat_map(|assignee| assignee.people().to_vec()).collect()),
        due_date: phase.and_then(|phase| phase.due.as_ref()).map(|due| due.text.clone()),
        dynamic_due_date: rule.map(due::shown),
        started_time: time(|times| times.started_at),
        completed_time: time(|times| times.completed_at),
        status: phase.map(|phase| phase.status.into()),
        taxonomies: (!spec.taxonomies.is_empty()).then(|| spec.taxonomies.clone()),
    }
}

/// The id of a section in an execution.
pub(super) fn section_id(flow: &Flow, key: &str) -> String {
    let phase = flow.data.phases.iter().find(|phase| phase.key == key);
    phase.and_then(|phase| Uuid::try_parse(&phase.id).ok()).map_or_else(|| key.to_owned(), short)
}

/// Members of the definition with those that were changed by hand before them.
pub(super) fn members(graph: &Graph, task: &Task) -> Map<String, Value> {
    let step = graph.step(task.step_id).and_then(|step| step.shown.as_ref()).and_then(Value::as_object);
    let mut members = step.cloned().unwrap_or_default();
    members.extend(task.data.shown.clone());
    members
}
