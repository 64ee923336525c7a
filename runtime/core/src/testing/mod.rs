//! Small graphs for tests and simulations.

mod sketch;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::definition::{
    Definition, DefinitionKind, Follow, Graph, Guard, Join, Position, Reentry, Step, Transition, TriggerKind,
};
use crate::time::Timestamp;

pub use sketch::Sketch;

/// A step of the type and name `name`, its id made from the name.
pub fn step(name: &str) -> Step {
    Step {
        id: id(name).into(),
        step_type: name.to_owned(),
        name: name.to_owned(),
        position: Position::default(),
        config: Value::Null,
        template_id: None,
        retry: None,
        plugin: None,
        follow: Follow::First,
        join: Join::Any,
        task: None,
        shown: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// An edge between two of the steps, by name.
pub fn edge(steps: &[Step], from: &str, to: &str, guard: Guard, priority: i32) -> Transition {
    let find = |name: &str| steps.iter().find(|step| step.name == name).map_or_else(|| id(name).into(), |step| step.id);
    Transition {
        id: id(&format!("{from}>{to}")).into(),
        from: find(from),
        to: find(to),
        guard,
        priority,
        condition: None,
        looping: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// A graph of these.
pub fn graph(steps: Vec<Step>, transitions: Vec<Transition>) -> Graph {
    Graph { steps, transitions, drawn: None }
}

/// An enabled definition started by `signed_up`.
pub fn definition(reentry: Reentry) -> Definition {
    Definition {
        id: id("definition").into(),
        workspace_id: id("workspace").into(),
        kind: DefinitionKind::Workflow,
        name: "Welcome".into(),
        description: None,
        enabled: true,
        trigger: TriggerKind::Event,
        trigger_config: json!({ "eventName": "signed_up" }),
        reentry,
        commit_every_step: false,
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// The same id for the same name.
fn id(name: &str) -> Uuid {
    let mut bytes = [0u8; 16];
    for (index, byte) in name.bytes().enumerate() {
        bytes[index % 16] = bytes[index % 16].wrapping_mul(31).wrapping_add(byte);
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
