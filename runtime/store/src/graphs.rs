//! Graphs kept in memory. A version never changes, and neither does a revision of an execution's own graph, so what is cached is
//! right for ever; the bound is on memory only.

use std::sync::Arc;

use moka::future::Cache;
use stepwell_core::{DefinitionId, ExecutionId, Graph, WorkspaceId};

/// Which graph. The workspace is part of it: a foreign id must find nothing, cached or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum GraphKey {
    /// A version of a definition.
    Version(WorkspaceId, DefinitionId, u32),
    /// A revision of the graph that an execution has for itself.
    Own(WorkspaceId, ExecutionId, u32),
}

/// The most JSON text whose graphs are kept.
const CAPACITY: u64 = 16 * 1024 * 1024;

/// The cache, shared by all connections of a store.
#[derive(Clone, Debug)]
pub(crate) struct Graphs(Cache<GraphKey, Kept>);

/// A graph and how long its JSON text was.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) graph: Arc<Graph>,
    pub(crate) size: u32,
}

impl Graphs {
    pub(crate) fn new() -> Self {
        let weigh = |_: &GraphKey, kept: &Kept| kept.size.saturating_add(256);
        Self(Cache::builder().max_capacity(CAPACITY).weigher(weigh).build())
    }

    pub(crate) async fn get(&self, key: &GraphKey) -> Option<Arc<Graph>> {
        self.0.get(key).await.map(|kept| kept.graph)
    }

    pub(crate) async fn keep(&self, key: GraphKey, kept: Kept) {
        self.0.insert(key, kept).await;
    }
}
