//! From a due visit to the request the plugin host gets: everything a step may know, loaded in one go.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use stepwell_core::flow::{Entity, People, TaskKind};
use stepwell_core::{
    Call, Contact, Execution, Graph, Mode, Step, StepContext, StepExecution, StepId, StepRequest, Timestamp, Wake,
};
use stepwell_store::{Store, StoreError, execution};

use crate::heads::Head;
use crate::links::Links;

/// A visit that is due, with its execution as it was stored with it.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) execution: Arc<Execution>,
    pub(crate) visit: StepExecution,
}

/// What is around a visit: loaded from the store, or made up by a dry run.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) head: Arc<Head>,
    pub(crate) graph: Arc<Graph>,
    pub(crate) contact: Option<Contact>,
    pub(crate) outputs: Vec<(StepId, Value)>,
    /// What people see of it, where it has tasks.
    pub(crate) people: Option<People>,
}

/// The graph that an execution is pinned to.
pub(crate) async fn graph(store: &Store, of: &Execution) -> Result<Option<Arc<Graph>>, StoreError> {
    let (workspace, id, version) = (of.workspace_id, of.definition_id, of.definition_version);
    let known = match of.graph_revision {
        0 => store.known_graph(workspace, id, version).await,
        _ => None,
    };
    match known {
        Some(graph) => Ok(Some(graph)),
        None => execution::graph(&mut store.glance().await?, of).await,
    }
}

/// The request for a visit to `step`.
pub(crate) fn request(
    due: &Due,
    step: &Step,
    around: &Surroundings,
    links: &Links,
    mode: Mode,
    now: Timestamp,
) -> StepRequest {
    let visit = &due.visit;
    StepRequest {
        step_type: step.step_type.clone(),
        plugin: step.plugin,
        call: call(visit),
        mode,
        context: StepContext {
            workspace_id: visit.workspace_id,
            execution_id: visit.execution_id,
            step_id: visit.step_id,
            step_execution_id: visit.id,
            attempt: visit.attempt,
            idempotency_key: visit.id.to_string(),
            now,
            config: config(step),
            contact: around.contact.clone(),
            event: due.execution.event.clone(),
            variables: Value::Object(due.execution.variables.clone()),
            outputs: outputs(&around.graph, &around.outputs),
            about: about(due, step, around, links),
        },
    }
}

/// A visit that was resumed before is resumed again, also on a later attempt: its state is kept over retries.
fn call(visit: &StepExecution) -> Call {
    match (&visit.state, &visit.wake) {
        (Some(state), Some(wake)) => Call::Resume { state: state.clone(), wake: wake.clone() },
        (Some(state), None) => Call::Resume { state: state.clone(), wake: Wake::Checkpoint },
        (None, _) => Call::Run,
    }
}

/// The configuration; a template id that was written beside it counts as part of it.
fn config(step: &Step) -> Value {
    let mut config = step.config.clone();
    if let (Some(id), Value::Object(members)) = (step.template_id, &mut config) {
        members.entry("templateId").or_insert_with(|| json!(id));
    }
    config
}

fn outputs(graph: &Graph, outputs: &[(StepId, Value)]) -> Value {
    let mut all = Map::new();
    for (id, output) in outputs {
        if let Some(step) = graph.step(*id) {
            all.insert(step.name.clone(), output.clone());
            // Templates name tasks by ids of their own.
            if let Some(task) = &step.task {
                all.insert(task.key.clone(), output.clone());
            }
        }
        all.insert(id.to_string(), output.clone());
    }
    Value::Object(all)
}

fn about(due: &Due, step: &Step, around: &Surroundings, links: &Links) -> Value {
    let execution = &due.execution;
    let urls = execution.contact_id.map(|contact| {
        json!({
            "unsubscribeUrl": links.unsubscribe_url(execution.workspace_id, contact),
            "subscribeUrl": links.subscribe_url(execution.workspace_id, contact),
            "manageUrl": links.manage_url(execution.workspace_id, contact),
        })
    });
    let mut about = json!({
        "workflow": {
            "id": around.head.definition.id, "name": around.head.definition.name, "version": execution.definition_version,
        },
        "execution": { "id": execution.id, "startedAt": execution.started_at.to_rfc3339() },
        "step": { "id": step.id, "name": step.name, "type": step.step_type, "retry": step.retry, "resumes": due.visit.resumes },
        "eventName": execution.event_name,
        "project": { "id": execution.workspace_id, "name": around.head.project },
        "urls": urls.unwrap_or_else(|| json!({})),
    });
    if let Some(flow) = around.people.as_ref().and_then(|people| flow(people, step)) {
        about["flow"] = flow;
    }
    about
}

/// What a task's component may know of the flow: what it is about, and the task as people see it. Entities only where the component
/// may ask for them.
fn flow(people: &People, step: &Step) -> Option<Value> {
    let task = people.tasks.iter().find(|task| task.step_id == step.id)?;
    let flow = &people.flow;
    let primary = flow.contexts.iter().find(|context| context.is_primary).or(flow.contexts.first());
    let entity = |entity: &Entity| json!({ "id": entity.id, "schema": entity.schema, "data": entity.data });
    let entities: Vec<_> = match task.kind {
        TaskKind::Manual => Vec::new(),
        TaskKind::Automation | TaskKind::Decision | TaskKind::Agent => people.entities.iter().map(entity).collect(),
    };
    Some(json!({
        "id": flow.execution_id,
        "name": flow.name,
        "contexts": flow.contexts.iter().map(|of| json!({ "id": of.entity_id, "schema": of.schema })).collect::<Vec<_>>(),
        "primary": primary.map(|of| json!({ "id": of.entity_id, "schema": of.schema })),
        "entities": entities,
        "task": { "id": task.id, "templateId": task.key, "name": task.name, "run": task.data.run },
        "startedAt": flow.created_at.to_rfc3339(),
        "by": flow.data.started_by,
    }))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use stepwell_core::{Given, Reentry, SequentialIds, Start, start, testing};
    use uuid::Uuid;

    /// A due visit of the workspace and number.
    pub(crate) fn due(workspace: u128, visit: u128) -> Due {
        let steps: Vec<_> = ["trigger", "first"].map(testing::step).into();
        let edges = vec![testing::edge(&steps, "trigger", "first", stepwell_core::Guard::Always, 0)];
        let ids = SequentialIds::default();
        let given = Given::new(Timestamp(0), &ids);
        let graph = testing::graph(steps, edges);
        let changes = start(&testing::definition(Reentry::Always), &graph, Start::default(), &given).expect("trigger");
        let mut visit_row = changes.visits[1].clone();
        visit_row.id = Uuid::from_u128(visit).into();
        visit_row.workspace_id = Uuid::from_u128(workspace).into();
        Due { execution: Arc::new(changes.execution), visit: visit_row }
    }

    #[test]
    fn a_visit_with_state_goes_on_where_it_was() {
        let mut due = due(1, 1);
        assert!(matches!(call(&due.visit), Call::Run));
        due.visit.state = Some(json!(3));
        assert!(matches!(call(&due.visit), Call::Resume { wake: Wake::Checkpoint, .. }));
        due.visit.wake = Some(Wake::Timer);
        assert!(matches!(call(&due.visit), Call::Resume { wake: Wake::Timer, .. }));
    }

    #[test]
    fn outputs_are_found_by_name_and_by_id_and_the_last_visit_counts() {
        let graph = testing::graph(vec![testing::step("hook")], vec![]);
        let id = graph.steps[0].id;
        let all = outputs(&graph, &[(id, json!(1)), (id, json!(2))]);
        assert_eq!((&all["hook"], &all[id.to_string()]), (&json!(2), &json!(2)));
    }

    #[test]
    fn the_output_of_a_task_is_found_by_the_id_that_its_template_gives_it() {
        let mut step = testing::step("check");
        let spec = json!({ "key": "t1", "kind": "manual" });
        step.task = Some(Box::new(serde_json::from_value(spec).expect("a task")));
        let id = step.id;
        let all = outputs(&testing::graph(vec![step], vec![]), &[(id, json!(1))]);
        assert_eq!(all["t1"], json!(1));
    }

    #[test]
    fn a_template_id_beside_the_configuration_is_part_of_it() {
        let mut step = testing::step("send-email");
        step.config = json!({});
        step.template_id = Some(Uuid::from_u128(7).into());
        assert_eq!(config(&step)["templateId"], json!(Uuid::from_u128(7)));
    }
}
