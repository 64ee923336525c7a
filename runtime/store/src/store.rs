//! The store: opening it, reading from it, writing to it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::Pool;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::commit::{Committer, Job, Typed};
use crate::conn::Conn;
use crate::dialect::{self, Db};
use crate::error::StoreError;
use crate::graphs::Graphs;

/// Connections that read. Each is a thread and a page cache.
const READERS: u32 = 4;

/// What is refused as overload.
#[derive(Clone, Copy)]
struct Limits {
    /// Writes that may wait for the committer.
    queue: usize,
    /// How long a read waits for a connection, or a write for a place in the queue.
    patience: Duration,
}

const LIMITS: Limits = Limits { queue: 4096, patience: Duration::from_secs(10) };

/// The database. Cheap to clone; all clones share connections, cache and committer.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    readers: Pool<Db>,
    writer: Pool<Db>,
    graphs: Graphs,
    queue: mpsc::Sender<Box<dyn Job>>,
    stop: Arc<Notify>,
    patience: Duration,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the database at `sqlite:<path>`, creates it if there is none, and brings its schema up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_within(url, LIMITS).await
    }

    async fn open_within(url: &str, Limits { queue, patience }: Limits) -> Result<Self, StoreError> {
        let writer = pool(url, 1, patience, dialect::writer_options(url)?).await?;
        sqlx::migrate!("./migrations").run(&writer).await?;
        let readers = pool(url, READERS, patience, dialect::reader_options(url)?).await?;
        let graphs = Graphs::new();
        let (queue, jobs) = mpsc::channel(queue);
        let stop = Arc::new(Notify::new());
        let committer =
            Committer { pool: writer.clone(), graphs: graphs.clone(), queue: jobs, stop: Arc::clone(&stop) };
        let committer = Mutex::new(Some(tokio::spawn(committer.run())));
        Ok(Self(Arc::new(Inner { readers, writer, graphs, queue, stop, patience, committer })))
    }

    /// A connection to read with. Give it back soon: there are only a few.
    pub async fn reader(&self) -> Result<Conn, StoreError> {
        Ok(Conn::reading(self.0.readers.acquire().await?, self.0.graphs.clone()))
    }

    /// Runs `job` on the connection that writes. What it wrote is durable once this returns `Ok`; if the job answers `Err`
    /// or panics, it is as if it had not run.
    ///
    /// The job shares a transaction with others and holds all of them up, so it only talks to the database. If the caller
    /// stops waiting, the job may run or not.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (to, answer) = oneshot::channel();
        self.0.queue.send_timeout(Box::new(Typed::new(job, to)), self.0.patience).await.map_err(
            |refused| match refused {
                SendTimeoutError::Timeout(_) => StoreError::Overloaded,
                SendTimeoutError::Closed(_) => StoreError::Closed,
            },
        )?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Refuses new writes, finishes those that wait, and closes the connections. A second call waits for the first.
    pub async fn close(&self) {
        self.0.stop.notify_one();
        let mut committer = self.0.committer.lock().await;
        if let Some(running) = committer.as_mut() {
            let ended = running.await;
            *committer = None;
            if let Err(error) = ended {
                tracing::error!(%error, "the committer ended before its time");
            }
        }
        self.0.readers.close().await;
        self.0.writer.close().await;
    }
}

async fn pool(url: &str, size: u32, patience: Duration, options: SqliteConnectOptions) -> Result<Pool<Db>, StoreError> {
    let pool = PoolOptions::new().max_connections(size).min_connections(1).acquire_timeout(patience);
    // A connection to a file does not go stale, so nothing is tested before use or thrown away for its age.
    let pool = pool.test_before_acquire(false).idle_timeout(None).max_lifetime(None);
    pool.connect_with(options).await.map_err(|cause| StoreError::Open { url: url.to_owned(), cause })
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
