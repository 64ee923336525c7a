//! A connection as query functions see it.

use std::collections::HashMap;
use std::sync::Arc;

use stepwell_core::Graph;
use uuid::Uuid;

use crate::counter::{Count, CounterKey};
use crate::dialect::DbConnection;
use crate::freshness::{Freshness, Seen};
use crate::graphs::{GraphKey, Graphs, Kept};
use crate::watch::Watches;

/// A connection to the database: from [`Store::reader`](crate::Store::reader) to read, or inside
/// [`Store::write`](crate::Store::write) to write.
pub struct Conn {
    db: DbConnection,
    graphs: Graphs,
    freshness: Freshness,
    watches: Watches,
    node: Arc<str>,
    pending: Option<Pending>,
}

/// What the open transaction will add to memory or to counters once it is committed. A job that is rolled back takes its
/// part with it.
#[derive(Default)]
pub(crate) struct Pending {
    graphs: Vec<(GraphKey, Kept)>,
    counts: Vec<(CounterKey, Count)>,
    /// The rows that were written, also by jobs that were rolled back.
    written: Vec<Uuid>,
}

/// How much was pending when a job began.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize, usize);

impl Conn {
    pub(crate) fn reading(db: DbConnection, graphs: Graphs, freshness: Freshness, node: Arc<str>) -> Self {
        Self { db, graphs, freshness, watches: Watches::default(), node, pending: None }
    }

    pub(crate) fn writing(db: DbConnection, graphs: Graphs, freshness: Freshness, node: Arc<str>) -> Self {
        Self { db, graphs, freshness, watches: Watches::default(), node, pending: Some(Pending::default()) }
    }

    /// Tells these of what is committed.
    pub(crate) fn telling(self, watches: Watches) -> Self {
        Self { watches, ..self }
    }

    /// Closes the connection in place of giving it back, and rolls back what is open on it.
    pub(crate) async fn close(self) {
        if let Err(error) = self.db.close().await {
            tracing::warn!(%error, "closing a connection");
        }
    }

    /// The connection to run a query on.
    pub(crate) fn db(&mut self) -> &mut DbConnection {
        &mut self.db
    }

    /// The name under which this process holds leases.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// Whether other nodes work on the same database.
    pub fn is_shared(&self) -> bool {
        self.db.is_shared()
    }

    /// Whether what is read in order to be changed must be locked: others may write at the same time.
    pub(crate) fn locks(&self) -> bool {
        self.pending.is_some() && self.db.is_shared()
    }

    /// Says that a row was written.
    pub(crate) fn wrote(&mut self, id: Uuid) {
        let shared = self.is_shared();
        let Some(pending) = &mut self.pending else { return };
        if !shared {
            self.freshness.wrote(id);
        }
        pending.written.push(id);
    }

    /// How a row stands after what this write has done so far, to ask later whether it
    /// [still does](crate::Store::is_fresh). None where other nodes write as well.
    pub fn seen(&self, id: Uuid) -> Option<Seen> {
        (self.pending.is_some() && !self.is_shared()).then(|| self.freshness.in_write(id))
    }

    /// A graph from memory: what the open transaction has read or saved, or what was committed before.
    pub(crate) async fn known_graph(&mut self, key: &GraphKey) -> Option<Arc<Graph>> {
        let pending = self.pending.as_ref().and_then(|pending| {
            pending.graphs.iter().rev().find(|(known, _)| known == key).map(|(_, kept)| kept.graph.clone())
        });
        match pending {
            Some(graph) => Some(graph),
            None => self.graphs.get(key).await,
        }
    }

    /// Keeps a graph in memory; one seen by a transaction only once that is committed, for it may have been saved by it.
    pub(crate) async fn keep_graph(&mut self, key: GraphKey, kept: Kept) {
        match &mut self.pending {
            Some(pending) => pending.graphs.push((key, kept)),
            None => self.graphs.keep(key, kept).await,
        }
    }

    /// Adds to a counter when the transaction is committed. Counters are hot rows: a batch writes each once.
    pub(crate) fn count(&mut self, key: CounterKey, count: Count) {
        if let Some(pending) = &mut self.pending {
            pending.counts.push((key, count));
        }
    }

    /// Forgets what a transaction that was rolled back had added.
    pub(crate) fn forget(&mut self) {
        self.forget_since(Mark(0, 0));
    }

    pub(crate) fn mark(&self) -> Mark {
        self.pending.as_ref().map_or(Mark(0, 0), |pending| Mark(pending.graphs.len(), pending.counts.len()))
    }

    pub(crate) fn forget_since(&mut self, mark: Mark) {
        if let Some(pending) = &mut self.pending {
            pending.graphs.truncate(mark.0);
            pending.counts.truncate(mark.1);
        }
    }

    /// The pending counts, one sum for each counter.
    pub(crate) fn take_counts(&mut self) -> HashMap<CounterKey, Count> {
        let mut sums: HashMap<CounterKey, Count> = HashMap::new();
        for (key, count) in self.pending.iter_mut().flat_map(|pending| pending.counts.drain(..)) {
            *sums.entry(key).or_default() += count;
        }
        sums
    }

    pub(crate) async fn committed(&mut self) {
        let shared = self.is_shared();
        let Some(pending) = &mut self.pending else { return };
        for id in pending.written.drain(..) {
            if !shared {
                self.freshness.committed(id);
            }
            self.watches.committed(id);
        }
        for (key, kept) in pending.graphs.drain(..) {
            self.graphs.keep(key, kept).await;
        }
    }
}
