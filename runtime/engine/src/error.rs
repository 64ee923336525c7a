//! What can go wrong in the engine. `api` gives each a status and a code.

use stepwell_core::flow::ActRefused;
use stepwell_core::{ContactId, DefinitionId, ExecutionId, MessageId, NoTrigger, PluginError, TaskId, Timestamp};
use stepwell_store::StoreError;

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such definition in the workspace.
    #[error("no definition {0}")]
    UnknownDefinition(DefinitionId),
    /// No such execution of the definition.
    #[error("no execution {0}")]
    UnknownExecution(ExecutionId),
    /// No such contact in the workspace.
    #[error("no contact {0}")]
    UnknownContact(ContactId),
    /// No such message in the workspace.
    #[error("no message {0}")]
    UnknownMessage(MessageId),
    /// The definition is switched off.
    #[error("definition {0} is not enabled")]
    NotEnabled(DefinitionId),
    /// The definition's graph has no trigger.
    #[error(transparent)]
    NoTrigger(#[from] NoTrigger),
    /// The contact has been through, or is in, and the definition's rule says once.
    #[error("the contact may not enter definition {0} again")]
    ReentryRefused(DefinitionId),
    /// What a person does is not allowed.
    #[error(transparent)]
    Act(#[from] ActRefused),
    /// Only a failed execution can be retried.
    #[error("execution {0} has not failed")]
    NotFailed(ExecutionId),
    /// The idempotency key was used before.
    #[error("idempotency key {key:?} was used before")]
    KeyReused {
        /// The key.
        key: String,
        /// The request it was first used for.
        request: String,
        /// When.
        at: Timestamp,
        /// The status that was answered then.
        status: Option<u16>,
    },
    /// A contact's data would grow beyond its limit.
    #[error("the contact's data would take more than {limit} bytes")]
    ContactDataTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// There is no such entity in the workspace.
    #[error("no entity {id} of the schema {schema}")]
    UnknownEntity {
        /// The slug of its schema.
        schema: String,
        /// Which one.
        id: String,
    },
    /// An entity's attributes would grow beyond their limit.
    #[error("the entity's attributes would take more than {limit} bytes")]
    EntityTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The address of a message belongs to another contact than the message was made for.
    #[error("{email} belongs to another contact by now")]
    OtherContact {
        /// The address.
        email: String,
    },
    /// The plugin host refused a component.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A stored or given link is not ours.
    #[error("the link is not valid")]
    BadLink,
    /// No such task in the workspace.
    #[error("no task {0}")]
    UnknownTask(TaskId),
    /// As many follow executions live as may.
    #[error("too many follow executions live")]
    TooManyFollow,
    /// A dry run needs a step or contact that is not there.
    #[error("{0}")]
    DryRun(String),
}
