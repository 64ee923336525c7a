//! Ids: a newtype for each noun, so that one cannot be passed for another. All are UUIDs; new ones are version 7
//! (RFC 9562, time-ordered) and come from an [`IdSource`](crate::IdSource).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// A tenant. Every row belongs to one, and no query crosses it.
    WorkspaceId,
    /// A stored API key (never the key itself).
    ApiKeyId,
    /// A person.
    ContactId,
    /// Something that happened.
    EventId,
    /// A message template.
    TemplateId,
    /// A graph, in all its versions.
    DefinitionId,
    /// A step of a definition; the same in every version that has the step.
    StepId,
    /// An edge of a definition.
    TransitionId,
    /// One run of one definition version.
    ExecutionId,
    /// One visit to one step.
    StepExecutionId,
    /// What people see of a step in one execution.
    TaskId,
    /// A message to deliver. Stable over all delivery attempts.
    MessageId,
    /// A stored credential.
    ConnectionId,
}
