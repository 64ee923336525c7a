//! What is handed to what is run: the entity, and which task of which flow asks.

use serde_json::{Map, Value, json};
use stepwell_plugin::Context;

use crate::config::Wanted;

/// The input: for a workflow what it sees as `event.*`, for a step its configuration beside that.
pub(crate) fn of(wanted: &Wanted, context: &Context) -> Value {
    let event = event(wanted, context);
    if is_workflow_id(&wanted.flow_id) { event } else { json!({ "config": wanted.config, "event": event }) }
}

/// Workflows have UUIDs, step types have names.
fn is_workflow_id(id: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    let fits = |(at, byte): (usize, u8)| if dashes.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    id.len() == 36 && id.bytes().enumerate().all(fits)
}

fn event(wanted: &Wanted, context: &Context) -> Value {
    let flow = &context.about()["flow"];
    let entity = of_task(wanted, context).unwrap_or_else(|| primary(flow));
    let primary = &flow["primary"];
    let is_primary = |of: &Value| of["id"] == primary["id"] && of["schema"] == primary["schema"];
    let contexts: Vec<_> = flow["contexts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|of| json!({ "entity_id": of["id"], "entity_schema": of["schema"], "is_primary": is_primary(of) }))
        .collect();
    json!({
        "entityId": first(&entity, ["_id", "id"]),
        "schema": first(&entity, ["_schema", "schema"]),
        "flowId": wanted.flow_id,
        "workflowContext": {
            "workflow_exec_id": flow["id"],
            "workflow_exec_task_id": flow["task"]["id"],
            "workflow_role": "run_task_automation",
            "entity_contexts": contexts,
            "trigger_user_id": flow["by"],
        },
        "entity": entity,
    })
}

/// The entity that came of an earlier task: what its output names so, else the output itself.
fn of_task(wanted: &Wanted, context: &Context) -> Option<Value> {
    let output = context.outputs().get(wanted.task_id.as_ref()?)?;
    let entity = output.get("entity").filter(|entity| entity.is_object()).unwrap_or(output);
    entity.is_object().then(|| entity.clone())
}

/// The primary entity with its attributes; with nothing but its id where nothing is known of it; null outside of flows.
fn primary(flow: &Value) -> Value {
    let of = &flow["primary"];
    if !of.is_object() {
        return Value::Null;
    }
    let same = |entity: &&Value| entity["id"] == of["id"] && entity["schema"] == of["schema"];
    let known = flow["entities"].as_array().and_then(|entities| entities.iter().find(same));
    let mut entity: Map<_, _> = known.and_then(|entity| entity["data"].as_object()).cloned().unwrap_or_default();
    entity.insert("_id".to_owned(), of["id"].clone());
    entity.insert("_schema".to_owned(), of["schema"].clone());
    entity.into()
}

fn first(entity: &Value, names: [&str; 2]) -> Value {
    names.iter().find_map(|name| entity.get(*name)).cloned().unwrap_or_default()
}
