//! Entity sync: what a flow writes to the entities that it is about when something happens to it (spec epilot-flows, 11.10). Part of the
//! commit in which it happens.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use stepwell_core::flow::{Assignee, Flow, Happening, HappeningKind, PeopleChanges, Phase, Task};
use stepwell_core::{Changes, Timestamp};
use stepwell_store::{Conn, StoreError, entity, wait};

/// The member of a flow's settings that has the rules.
const RULES: &str = "entity_sync";

#[derive(Deserialize)]
struct Rule {
    trigger: Trigger,
    value: What,
    target: Target,
}

#[derive(Deserialize)]
struct Trigger {
    event: HappeningKind,
    #[serde(default)]
    filter: Option<Filter>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Filter {
    task_template_id: Option<String>,
    phase_template_id: Option<String>,
}

#[derive(Deserialize)]
struct What {
    source: Source,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    WorkflowName,
    WorkflowStatus,
    WorkflowAssignedTo,
    TaskName,
    TaskStatus,
    TaskAssignedTo,
    PhaseName,
    PhaseStatus,
    PhaseAssignedTo,
    CustomValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    entity_schema: String,
    entity_attribute: String,
}

/// What an event is about.
struct Scene<'s> {
    flow: &'s Flow,
    task: Option<&'s Task>,
    phase: Option<&'s Phase>,
}

/// Writes what the rules of the flow say about what happened.
pub(crate) async fn apply(conn: &mut Conn, changes: &Changes) -> Result<(), StoreError> {
    match &changes.people {
        Some(people) => tell(conn, people, changes.execution.updated_at).await,
        None => Ok(()),
    }
}

/// Writes what the rules of a flow say about its being deleted.
pub(crate) async fn deleted(conn: &mut Conn, flow: Flow, now: Timestamp) -> Result<(), StoreError> {
    let happened = vec![Happening { kind: HappeningKind::FlowDeleted, task: None, phase: None }];
    tell(conn, &PeopleChanges { flow: Some(flow), happened, ..PeopleChanges::default() }, now).await
}

async fn tell(conn: &mut Conn, people: &PeopleChanges, now: Timestamp) -> Result<(), StoreError> {
    let Some(flow) = people.flow.as_ref().filter(|flow| flow.data.settings.get(RULES).is_some()) else { return Ok(()) };
    let rules: Vec<Rule> = serde_json::from_value(flow.data.settings[RULES].clone()).unwrap_or_default();
    for happening in &people.happened {
        let scene = scene(flow, people, happening);
        for rule in rules.iter().filter(|rule| rule.fits(happening, &scene)) {
            write(conn, now, &scene, rule).await?;
        }
    }
    Ok(())
}

fn scene<'s>(flow: &'s Flow, people: &'s PeopleChanges, happening: &Happening) -> Scene<'s> {
    let task = happening.task.and_then(|id| people.tasks.iter().find(|task| task.id == id));
    let key = happening.phase.as_ref().or_else(|| task?.phase.as_ref());
    let phase = key.and_then(|key| flow.data.phases.iter().find(|phase| phase.key == *key));
    Scene { flow, task, phase }
}

impl Rule {
    fn fits(&self, happening: &Happening, scene: &Scene<'_>) -> bool {
        let Some(filter) = &self.trigger.filter else { return self.trigger.event == happening.kind };
        let task = filter.task_template_id.as_ref();
        let phase = filter.phase_template_id.as_ref();
        self.trigger.event == happening.kind
            && task.is_none_or(|wanted| scene.task.is_some_and(|task| task.key == *wanted))
            && phase.is_none_or(|wanted| scene.phase.is_some_and(|phase| phase.key == *wanted))
    }

    /// The value to write; none where what it comes from is not there.
    fn value(&self, scene: &Scene<'_>) -> Option<Value> {
        Some(match self.value.source {
            Source::WorkflowName => json!(scene.flow.name),
            Source::WorkflowStatus => json!(scene.flow.status.as_str().to_uppercase()),
            Source::WorkflowAssignedTo => people(&scene.flow.data.assignees),
            Source::TaskName => json!(scene.task?.name),
            Source::TaskStatus => json!(scene.task?.status.as_str().to_uppercase()),
            Source::TaskAssignedTo => people(scene.task?.data.assignees.as_deref().unwrap_or_default()),
            Source::PhaseName => json!(scene.phase?.name),
            Source::PhaseStatus => json!(serde_json::to_value(scene.phase?.status).ok()?.as_str()?.to_uppercase()),
            Source::PhaseAssignedTo => people(scene.phase?.assignees.as_deref().unwrap_or_default()),
            Source::CustomValue => json!(self.value.value.as_deref()?),
        })
    }
}

fn people(assignees: &[Assignee]) -> Value {
    json!(assignees.iter().flat_map(Assignee::people).collect::<Vec<_>>())
}

async fn write(conn: &mut Conn, now: Timestamp, scene: &Scene<'_>, rule: &Rule) -> Result<(), StoreError> {
    let Some(value) = rule.value(scene) else { return Ok(()) };
    let workspace = scene.flow.workspace_id;
    let change = Map::from_iter([(rule.target.entity_attribute.clone(), value)]);
    for context in scene.flow.contexts.iter().filter(|context| context.schema == rule.target.entity_schema) {
        let written = entity::merge(conn, workspace, &context.schema, &context.entity_id, &change, now).await?;
        // What is written as it was ends the chain of flows that tell each other.
        if written.is_some_and(|(_, changed)| changed) {
            wait::nudge_watchers(conn, workspace, &context.schema, &context.entity_id, now).await?;
        }
    }
    Ok(())
}
