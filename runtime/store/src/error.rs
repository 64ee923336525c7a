//! What can go wrong in the store.

use std::sync::Arc;

use stepwell_core::{DefinitionId, ExecutionId};

use crate::trouble::Trouble;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database this build can open.
    #[error("{0:?} is no database URL; sqlite:<path> or postgres://<user>:<password>@<host>/<name> is expected")]
    BadUrl(String),
    /// The database could not be opened or created.
    #[error("opening the database {url}")]
    Open {
        /// As it was given.
        url: String,
        /// What the driver says.
        #[source]
        cause: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("migrating the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Somebody else has changed the execution since it was read; nothing was changed.
    #[error("execution {0} has changed since it was read")]
    Fenced(ExecutionId),
    /// Another execution of the definition holds the same re-entry key; nothing was changed.
    #[error("the contact may not enter definition {0} again")]
    ReentryRefused(DefinitionId),
    /// Somebody else has saved another version of the graph since it was read; nothing was changed.
    #[error("definition {0} has a newer version")]
    VersionConflict(DefinitionId),
    /// Another contact of the workspace has this address; nothing was changed.
    #[error("another contact has the address {0:?}")]
    EmailTaken(String),
    /// A row with this name or hash exists; nothing was changed.
    #[error("it exists already")]
    AlreadyExists,
    /// The system gave no thread for the committer.
    #[error("starting the committer")]
    Thread(#[source] std::io::Error),
    /// More writes or reads wait than may; trying again later may help.
    #[error("too many requests to the database are waiting")]
    Overloaded,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The transaction this write was part of could not be committed; nothing was changed.
    #[error("committing a batch of writes")]
    NotCommitted(#[source] Arc<sqlx::Error>),
    /// The database takes no writes for now; nothing was changed.
    #[error("{0}")]
    Trouble(Trouble),
    /// The write panicked and was rolled back.
    #[error("a write panicked")]
    Panicked,
    /// A stored value cannot be read: the database was changed by something else.
    #[error("reading column {column}")]
    Corrupt {
        /// Where.
        column: &'static str,
        /// What is wrong with it.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value cannot be written as JSON.
    #[error("writing JSON")]
    Json(#[from] serde_json::Error),
    /// The database could not do it.
    #[error("asking the database")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same request may go through later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Overloaded | Self::NotCommitted(_) | Self::Database(_) | Self::Fenced(_) | Self::Trouble(_) => true,
            Self::BadUrl(_)
            | Self::Open { .. }
            | Self::Migrate(_)
            | Self::Thread(_)
            | Self::ReentryRefused(_)
            | Self::VersionConflict(_)
            | Self::EmailTaken(_)
            | Self::AlreadyExists
            | Self::Closed
            | Self::Panicked
            | Self::Corrupt { .. }
            | Self::Json(_) => false,
        }
    }

    /// What is the matter with the database, if it is the database and not what it was asked.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Trouble(trouble) => Some(*trouble),
            Self::NotCommitted(cause) => Trouble::of(cause),
            Self::Database(cause) | Self::Open { cause, .. } => Trouble::of(cause),
            Self::Migrate(sqlx::migrate::MigrateError::Execute(cause)) => Trouble::of(cause),
            Self::Overloaded
            | Self::Fenced(_)
            | Self::BadUrl(_)
            | Self::Migrate(_)
            | Self::Thread(_)
            | Self::ReentryRefused(_)
            | Self::VersionConflict(_)
            | Self::EmailTaken(_)
            | Self::AlreadyExists
            | Self::Closed
            | Self::Panicked
            | Self::Corrupt { .. }
            | Self::Json(_) => None,
        }
    }

    /// Whether it is the state of the database or its load, so that the same may go through later as it is.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Overloaded) || self.trouble().is_some()
    }

    /// This error, or `other` if the database refused a duplicate.
    pub(crate) fn unless_duplicate(error: sqlx::Error, other: impl FnOnce() -> Self) -> Self {
        match &error {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => other(),
            _ => error.into(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Overloaded,
            sqlx::Error::PoolClosed => Self::Closed,
            other => Self::Database(other),
        }
    }
}
