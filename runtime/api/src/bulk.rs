//! Changes of many things at once, all or nothing (spec plunk-workflows, section 3).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What to do with which.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkUpdate {
    #[schema(min_items = 1, max_items = 1000)]
    ids: Vec<Uuid>,
    /// Delete them. Without it nothing is done.
    #[serde(default)]
    pub(crate) delete: bool,
}

impl BulkUpdate {
    /// The ids, each once, in the order in which they were given.
    pub(crate) fn ids<T: From<Uuid>>(&self) -> Vec<T> {
        let mut seen = HashSet::new();
        self.ids.iter().filter(|id| seen.insert(**id)).map(|id| T::from(*id)).collect()
    }
}

/// How many were changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum BulkDone {
    /// Deleted.
    Deleted {
        /// How many.
        deleted: u64,
    },
    /// Changed otherwise.
    Updated {
        /// How many.
        updated: u64,
    },
}

impl BulkDone {
    pub(crate) fn deleted(count: usize) -> Self {
        Self::Deleted { deleted: count as u64 }
    }

    pub(crate) fn updated(count: usize) -> Self {
        Self::Updated { updated: count as u64 }
    }
}
