//! The store: opening it, reading from it, writing to it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use stepwell_core::{DefinitionId, Graph, WorkspaceId};
use tokio::sync::{Mutex, oneshot};
use uuid::Uuid;

use crate::claim::LEASE_MS;
use crate::commit::{Committer, Typed};
use crate::conn::Conn;
use crate::dialect::{self, DbConnection, DbPool, Pools};
use crate::error::StoreError;
use crate::freshness::{Freshness, Seen};
use crate::graphs::{GraphKey, Graphs};
use crate::queue::{Bounds, Lane, Queue};
use crate::trouble::{self, Condition};
use crate::watch::{Watch, Watches};

/// What is refused as overload.
#[derive(Clone, Copy)]
struct Limits {
    /// Writes that may wait for the committer.
    queue: Bounds,
    /// How long a read waits for a connection, or a write for a place in the queue.
    patience: Duration,
}

const LIMITS: Limits = Limits { queue: Bounds { all: 4096, lane: 1024 }, patience: Duration::from_secs(10) };

/// How a database is used.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// How long this node may give no sign of life before others take over what it runs. Where nodes share a database.
    pub lease: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { lease: Duration::from_millis(LEASE_MS.unsigned_abs()) }
    }
}

/// The database. Cheap to clone; all clones share connections, cache and committer.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    readers: DbPool,
    quick: DbPool,
    writer: DbPool,
    graphs: Graphs,
    freshness: Freshness,
    watches: Watches,
    node: Arc<str>,
    queue: Arc<Queue>,
    patience: Duration,
    condition: Arc<Condition>,
    lease: Duration,
    /// Ends when the committer has.
    committer: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Drop for Inner {
    /// The committer ends with the last store that could give it work.
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Store {
    /// Opens a database and brings its schema up to date: the file of `sqlite:<path>`, created if there is none, or the
    /// existing database of `postgres://<user>:<password>@<host>/<name>`.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, StoreOptions::default()).await
    }

    /// As [`open`](Self::open), with options.
    pub async fn open_with(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        Self::open_within(url, LIMITS, options).await
    }

    async fn open_within(
        url: &str,
        Limits { queue, patience }: Limits,
        StoreOptions { lease }: StoreOptions,
    ) -> Result<Self, StoreError> {
        let Pools { readers, quick, writer, node } = dialect::open(url, patience).await?;
        let graphs = Graphs::new();
        let (freshness, watches) = (Freshness::new(), Watches::default());
        let (queue, condition) = (Arc::new(Queue::new(queue)), Arc::new(Condition::new()));
        let committer = Committer {
            pool: writer.clone(),
            graphs: graphs.clone(),
            freshness: freshness.clone(),
            watches: watches.clone(),
            node: Arc::clone(&node),
            queue: Arc::clone(&queue),
            condition: Arc::clone(&condition),
        };
        let committer = Mutex::new(Some(start(committer)?));
        Ok(Self(Arc::new(Inner {
            readers,
            quick,
            writer,
            graphs,
            freshness,
            watches,
            node,
            queue,
            patience,
            condition,
            lease,
            committer,
        })))
    }

    /// How long this node may give no sign of life before others take over what it runs.
    pub fn lease(&self) -> Duration {
        self.0.lease
    }

    /// Whether other nodes may work on the same database.
    pub fn is_shared(&self) -> bool {
        matches!(self.0.writer, DbPool::Postgres(_))
    }

    /// The name under which this process holds what it takes. Another one after each start.
    pub fn node(&self) -> &str {
        &self.0.node
    }

    pub(crate) fn writer(&self) -> &DbPool {
        &self.0.writer
    }

    /// A connection to read with. Give it back soon: there are only a few.
    pub async fn reader(&self) -> Result<Conn, StoreError> {
        Ok(self.reading(self.0.readers.acquire().await?))
    }

    /// A connection for a few small reads that a step waits for: rows by their key, and no lists of unknown length. All it reads
    /// is of one moment on SQLite, where it reads on the thread that asks.
    pub async fn quick_reader(&self) -> Result<Conn, StoreError> {
        Ok(self.reading(self.0.quick.acquire().await?))
    }

    /// As [`quick_reader`](Self::quick_reader), for one query.
    pub async fn glance(&self) -> Result<Conn, StoreError> {
        Ok(self.reading(self.0.quick.acquire_for_one().await?))
    }

    fn reading(&self, db: DbConnection) -> Conn {
        let Inner { graphs, freshness, node, .. } = &*self.0;
        Conn::reading(db, graphs.clone(), freshness.clone(), node.clone())
    }

    /// The graph of a version, if it is in memory.
    pub async fn known_graph(
        &self,
        workspace: WorkspaceId,
        definition: DefinitionId,
        version: u32,
    ) -> Option<Arc<Graph>> {
        self.0.graphs.get(&GraphKey::Version(workspace, definition, version)).await
    }

    /// How the row of an execution, contact, definition or workspace stands, to be asked before it is read. None where other nodes
    /// write as well.
    pub fn seen(&self, id: Uuid) -> Option<Seen> {
        (!self.is_shared()).then(|| self.0.freshness.before_reading(id))
    }

    /// Whether such a row is as it was then. Never in doubt: one that is not, or that is being written now, is not fresh. What other
    /// processes do to the file (`stepwell workspace`) is not known here.
    pub fn is_fresh(&self, id: Uuid, seen: Seen) -> bool {
        self.0.freshness.holds(id, seen)
    }

    /// Waits for this process to commit a write of an execution, contact, definition or workspace.
    pub fn watch(&self, id: Uuid) -> Watch {
        self.0.watches.begin(id)
    }

    /// Runs `job` on the connection that writes. What it wrote is durable once this returns `Ok`; if the job answers `Err`
    /// or panics, it is as if it had not run.
    ///
    /// The job shares a transaction with others and holds all of them up, so it only talks to the database. If the caller
    /// stops waiting, the job may run or not. Where other nodes write at the same time and one of them is in the way, a copy of
    /// the job may run after it was rolled back.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_in(None, job).await
    }

    /// As [`write`](Self::write), for a workspace: it waits in the workspace's own line. For what many may ask for at once.
    pub async fn write_for<T, E, F>(&self, workspace: WorkspaceId, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_in(Some(workspace), job).await
    }

    async fn write_in<T, E, F>(&self, lane: Lane, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (to, answer) = oneshot::channel();
        self.0.queue.push(lane, Box::new(Typed::new(job, to)), self.0.patience).await?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Whether the database takes writes. If nothing was written within the last second it is tried: so asking often costs at
    /// most a write a second.
    pub async fn check(&self) -> Result<(), StoreError> {
        let write = |bytes| self.write(move |conn| Box::pin(async move { trouble::try_write(conn, bytes).await }));
        self.0.condition.find(write).await
    }

    /// Notes that a read for somebody else found the database in trouble.
    pub fn note_trouble(&self) {
        self.0.condition.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was noted.
    pub fn troubles(&self) -> u64 {
        self.0.condition.reads.load(Ordering::Relaxed)
    }

    /// How many commits failed. On PostgreSQL one may be stored whose answer was lost.
    pub fn failed_commits(&self) -> u64 {
        self.0.condition.commits.load(Ordering::Relaxed)
    }

    /// Refuses new writes, finishes those that wait, and closes the connections. A second call waits for the first.
    pub async fn close(&self) {
        self.0.queue.close();
        let mut committer = self.0.committer.lock().await;
        if let Some(running) = committer.as_mut() {
            let ended = running.await;
            *committer = None;
            if ended.is_err() {
                tracing::error!("the committer ended before its time");
            }
        }
        self.0.quick.close().await;
        self.0.readers.close().await;
        self.0.writer.close().await;
    }
}

/// Starts the committer. What is to be waited for ends with it.
///
/// On SQLite its statements run on the thread that asks for them, so it has one to itself.
fn start(committer: Committer) -> Result<oneshot::Receiver<()>, StoreError> {
    let (ending, ended) = oneshot::channel();
    let blocks = matches!(committer.pool, DbPool::Direct(_));
    let work = async move {
        committer.run().await;
        // Nobody waits if the store was dropped.
        let _ = ending.send(());
    };
    if !blocks {
        tokio::spawn(work);
        return Ok(ended);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(StoreError::Thread)?;
    let thread = std::thread::Builder::new().name("committer".to_owned());
    thread.spawn(move || runtime.block_on(work)).map_err(StoreError::Thread)?;
    Ok(ended)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
