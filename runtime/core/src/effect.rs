//! What a step does through its transactional capabilities. Effects are buffered while the step runs and stored in the same
//! commit as its outcome; a failed step's effects are dropped.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contact::ContactChange;
use crate::id::{ContactId, DefinitionId, ExecutionId, MessageId};
use crate::message::Email;

/// One buffered write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Change a contact.
    UpdateContact {
        /// Which one.
        contact_id: ContactId,
        /// How.
        change: ContactChange,
    },
    /// Let something happen: the event starts executions and ends waits.
    EmitEvent {
        /// Its name.
        name: String,
        /// Whose.
        contact_id: Option<ContactId>,
        /// Its data, an object.
        data: Value,
    },
    /// Queue an email.
    QueueEmail {
        /// The id its delivery is reported under.
        id: MessageId,
        /// The message, rendered.
        email: Email,
    },
    /// Set a value in the plugin's key-value store.
    SetValue {
        /// `<step type>/<bucket>`, so that buckets of different step types never meet.
        bucket: String,
        /// The key.
        key: String,
        /// The value; at most 1 MiB.
        value: Vec<u8>,
    },
    /// Delete a value from the plugin's key-value store.
    DeleteValue {
        /// `<step type>/<bucket>`.
        bucket: String,
        /// The key.
        key: String,
    },
    /// Start another execution, whose end ends the wait of the step that starts it.
    StartChild {
        /// The id that it gets.
        id: ExecutionId,
        /// What runs.
        target: ChildTarget,
        /// What its steps see as `event.*`.
        input: Value,
    },
}

/// What a child execution runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildTarget {
    /// The newest version of a definition.
    Definition(DefinitionId),
    /// One step.
    Step {
        /// Its type.
        step_type: String,
        /// Its configuration.
        config: Value,
    },
}
