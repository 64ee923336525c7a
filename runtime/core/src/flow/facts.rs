//! What rules may know beside tasks: the entities an execution is about, and moments.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::task::Task;
use crate::time::Timestamp;

/// An entity that an execution is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// Which one.
    pub entity_id: String,
    /// Of which schema.
    pub schema: String,
    /// Whether conditions and automations read it.
    pub is_primary: bool,
    /// More about it, by surface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// What is known of an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// Which one.
    pub id: String,
    /// Of which schema.
    pub schema: String,
    /// Its attributes.
    pub data: Map<String, Value>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What schedules and variables are computed from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// When the flow was started.
    pub started_at: Timestamp,
    /// When the last of the task's direct predecessors was done; none while one is open.
    pub all_preceding: Option<Timestamp>,
    /// All tasks.
    pub tasks: &'a [Task],
    /// What the execution is about, in order.
    pub contexts: &'a [Context],
    /// What is known of that.
    pub entities: &'a [Entity],
}

impl<'a> Facts<'a> {
    /// When the task of this template id was done.
    pub fn completed(&self, key: &str) -> Option<Timestamp> {
        let task = self.tasks.iter().find(|task| task.key == key && task.status.is_done())?;
        task.data.times.completed_at
    }

    /// The entity that conditions read: the primary one, else the first.
    pub fn primary(&self) -> Option<&'a Entity> {
        let context = self.contexts.iter().find(|context| context.is_primary).or(self.contexts.first())?;
        self.entity(context)
    }

    /// An attribute of the primary entity, or of the first of another schema.
    pub fn attribute(&self, schema: Option<&str>, name: &str) -> Option<&'a Value> {
        let primary = self.primary();
        let entity = match schema {
            None => primary,
            Some(schema) if primary.is_some_and(|entity| entity.schema == schema) => primary,
            Some(schema) => {
                self.contexts.iter().find(|context| context.schema == schema).and_then(|it| self.entity(it))
            }
        };
        entity?.data.get(name)
    }

    fn entity(&self, context: &Context) -> Option<&'a Entity> {
        self.entities.iter().find(|entity| entity.id == context.entity_id && entity.schema == context.schema)
    }
}
