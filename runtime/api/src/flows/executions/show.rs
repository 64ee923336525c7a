//! Executions of flows as they are shown.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use stepwell_core::flow::{Closing, DrawnEdge, Flow, People, Reason, START, Task};
use stepwell_core::{Execution, Graph};
use stepwell_engine::Acted;
use stepwell_store::flow::{Loaded, Shown};

use super::loops::Loops;
use super::{phase_show, task_show};
use crate::flows::convert::all;
use crate::flows::wire;
use crate::flows::wire::common::ClosingReason;
use crate::flows::wire::execution::{
    CurrentTask, Edge, ExecutionChain, FlowAnalytics, FlowClosingReason, FlowContext, FlowExecution, FlowTrigger,
};
use crate::wire::Time;

/// What an execution is shown from.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) execution: &'a Execution,
    pub(crate) graph: &'a Graph,
    pub(crate) people: &'a People,
}

impl<'a> From<&'a Acted> for View<'a> {
    fn from(acted: &'a Acted) -> Self {
        Self { execution: &acted.execution, graph: &acted.graph, people: &acted.people }
    }
}

impl<'a> From<&'a Loaded> for View<'a> {
    fn from(loaded: &'a Loaded) -> Self {
        Self { execution: &loaded.execution, graph: &loaded.graph, people: &loaded.people }
    }
}

impl<'a> From<&'a Shown> for View<'a> {
    fn from(shown: &'a Shown) -> Self {
        Self { execution: &shown.execution, graph: &shown.graph, people: &shown.people }
    }
}

/// An execution.
pub(crate) fn execution<'a>(of: impl Into<View<'a>>) -> FlowExecution {
    let of = of.into();
    let (flow, data) = (&of.people.flow, &of.people.flow.data);
    let loops = Loops::of(&of);
    let phases = phase_show::phases(&of, &loops);
    FlowExecution {
        id: flow.execution_id.to_string(),
        flow_template_id: flow.definition_id.to_string(),
        org_id: flow.workspace_id.to_string(),
        name: flow.name.clone(),
        created_at: Time(flow.created_at),
        updated_at: Time(flow.updated_at),
        due_date: flow.due.as_ref().map(|due| due.text.clone()),
        due_date_config: data.due_rule.clone().map(Into::into),
        status: flow.status.into(),
        assigned_to: some(all(data.assignees.clone())),
        analytics: analytics(flow),
        contexts: contexts(flow),
        crt_tasks: of.people.tasks.iter().filter_map(current).collect(),
        phases: some(phases),
        tasks: task_show::tasks(&of, &loops),
        edges: edges(&of),
        execution_chain: Some(chain(of.execution)),
        closing_reason: closing(&data.closing),
        available_in_ecp: setting(flow, "available_in_ecp"),
        entity_sync: setting(flow, "entity_sync"),
        taxonomies: setting(flow, "taxonomies"),
        trigger: serde_json::from_value::<FlowTrigger>(data.trigger.clone()).unwrap_or_default(),
        single_closing_reason_selection: data.closing.single,
        linear: of.graph.drawn.as_ref().map(|drawn| drawn.linear),
    }
}

/// A list, unless it is empty.
pub(super) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// What the template says of the flow and the rules do not look at.
fn setting<T: DeserializeOwned>(flow: &Flow, name: &str) -> Option<T> {
    let value = flow.data.settings.get(name).filter(|value| !value.is_null())?;
    serde_json::from_value(value.clone()).ok()
}

fn analytics(flow: &Flow) -> FlowAnalytics {
    FlowAnalytics {
        started_at: Some(Time(flow.created_at)),
        completed_at: flow.data.completed_at.map(Time),
        closed_at: flow.data.closed_at.map(Time),
        started_by: flow.data.started_by.clone(),
        closed_by: flow.data.closed_by.clone(),
    }
}

fn contexts(flow: &Flow) -> Vec<FlowContext> {
    let shown = flow.contexts.iter().map(|context| FlowContext {
        entity_id: Some(context.entity_id.clone()),
        entity_schema: Some(context.schema.clone()),
        is_primary: Some(context.is_primary),
    });
    shown.collect()
}

fn current(task: &Task) -> Option<CurrentTask> {
    Some(CurrentTask { id: task.id.to_string(), crt_since: Time(task.current_since?) })
}

fn chain(execution: &Execution) -> ExecutionChain {
    let parent = execution.parent.as_ref();
    ExecutionChain {
        parent_execution_id: parent.map(|parent| parent.execution_id.to_string()),
        parent_task_id: parent.and_then(|parent| parent.task_id).map(|task| task.to_string()),
        depth: parent.map_or(0, |parent| parent.depth),
    }
}

fn closing(closing: &Closing) -> Option<FlowClosingReason> {
    let reasons = |reasons: &Option<Vec<Reason>>| {
        let shown = |reason: &Reason| ClosingReason { id: reason.id.clone(), title: reason.title.clone() };
        reasons.as_ref().map(|reasons| reasons.iter().map(shown).collect())
    };
    let shown = FlowClosingReason {
        selected_reasons: reasons(&closing.selected),
        configured_reasons: reasons(&closing.configured),
        extra_description: closing.description.clone(),
    };
    Some(shown).filter(|shown| *shown != FlowClosingReason::default())
}

/// The edges as they were drawn, between the tasks and phases of the execution. Open ends lead nowhere and are left out.
fn edges(of: &View<'_>) -> Vec<Edge> {
    let Some(drawn) = &of.graph.drawn else { return Vec::new() };
    let ids = ids(of.people);
    let edge = |edge: &DrawnEdge| {
        Some(Edge {
            id: edge.key.clone(),
            from_id: ids.get(edge.from.as_str())?.clone(),
            to_id: ids.get(edge.to.as_deref()?)?.clone(),
            condition_id: edge.condition.clone(),
            none_met: edge.otherwise.then_some(true),
            more: edge.shown.clone(),
        })
    };
    drawn.edges.iter().filter_map(edge).collect()
}

/// The ids in the execution by those of the template.
fn ids(people: &People) -> HashMap<&str, String> {
    let tasks = people.tasks.iter().map(|task| (task.key.as_str(), task.id.to_string()));
    let phases = people.flow.data.phases.iter().map(|phase| (phase.key.as_str(), phase.id.clone()));
    tasks.chain(phases).chain([(START, START.to_owned())]).collect()
}

/// A value as what it is read as, if it can be.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    if value.is_null() { None } else { serde_json::from_value(value).ok() }
}

/// One task of an execution.
pub(crate) fn task<'a>(of: impl Into<View<'a>>, task: &Task) -> wire::task::Task {
    let of = of.into();
    task_show::task(&of, &Loops::of(&of), task)
}

/// One phase of an execution, by its id.
pub(crate) fn phase<'a>(of: impl Into<View<'a>>, id: &str) -> Option<wire::execution::Phase> {
    let of = of.into();
    let phases = phase_show::phases(&of, &Loops::of(&of));
    phases.into_iter().find(|phase| phase.id == id)
}
