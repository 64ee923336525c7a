//! Group commit: one task owns the connection that writes. It takes all jobs that wait, runs them in one transaction, commits
//! once, then answers all. So the cost of making a commit durable is shared, and a lone job waits for nobody.
//!
//! A job that fails or panics is rolled back alone. A savepoint for each would make that easy, and every job dearer: so there is none
//! until one fails that has written something. Then all is rolled back, and the batch runs again with savepoints. If the commit fails, every job of the batch is answered with an error and
//! nothing of it is stored. Where other nodes write to the same database and a batch gets in the way of theirs (a deadlock, a
//! lock that is not to be had), it is rolled back and its jobs run again, each in a transaction of its own.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::conn::Conn;
use crate::counter;
use crate::dialect::DbPool;
use crate::error::StoreError;
use crate::freshness::Freshness;
use crate::graphs::Graphs;
use crate::queue::Queue;
use crate::rest;
use crate::trouble::Condition;
use crate::watch::Watches;

/// The most jobs in one transaction: bounds how long the first of them waits for the last.
const MAX_BATCH: usize = 128;

/// How often a job runs alone before its conflict with other nodes is its answer.
const TRIES: u32 = 8;

/// How long a job waits before it runs alone again, times the number of tries.
const PAUSE: Duration = Duration::from_millis(5);

/// A write on its way to the committer.
pub(crate) trait Job: Send {
    /// Whether whoever asked has stopped waiting, so that nothing needs to be done.
    fn is_abandoned(&self) -> bool;
    /// Does the work; false if it is to be rolled back. `again`: it may have to run again.
    fn run<'j>(&'j mut self, conn: &'j mut Conn, again: bool) -> BoxFuture<'j, bool>;
    /// Answers, once it is known whether the batch was committed.
    fn answer(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>);
}

/// A job with its types.
pub(crate) struct Typed<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    to: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Typed<F, T, E> {
    pub(crate) fn new(work: F, to: oneshot::Sender<Result<T, E>>) -> Self {
        Self { work: Some(work), result: None, to }
    }
}

impl<F, T, E> Job for Typed<F, T, E>
where
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Clone + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn is_abandoned(&self) -> bool {
        self.to.is_closed()
    }

    fn run<'j>(&'j mut self, conn: &'j mut Conn, again: bool) -> BoxFuture<'j, bool> {
        Box::pin(async move {
            let work = if again { self.work.clone() } else { self.work.take() };
            let Some(work) = work else { return false };
            let result = AssertUnwindSafe(async { work(conn).await }).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(StoreError::Panicked.into()));
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>) {
        let answer = match (self.result, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(cause)) => Err(StoreError::NotCommitted(cause).into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => return, // abandoned: nobody listens
        };
        let _ = self.to.send(answer);
    }
}

/// Jobs that were taken from the queue together.
struct Batch {
    jobs: VecDeque<Box<dyn Job>>,
    /// So many of the first run alone, since together they met a conflict.
    alone: usize,
    /// How often the first of those has met a conflict alone.
    tries: u32,
    /// One of them fails: each runs in a savepoint.
    careful: bool,
}

/// How far a transaction came.
enum Ran {
    /// Committed.
    Kept,
    /// Rolled back, since no job had anything to keep.
    Nothing,
    /// A job failed that had written something: the transaction is to be rolled back, and its jobs are to run again.
    Spoilt,
}

impl Batch {
    /// Takes back the jobs of a transaction that was rolled back for a conflict. `false` if the only one of them has had its
    /// tries.
    fn take_back(&mut self, done: &mut Vec<Box<dyn Job>>) -> bool {
        if self.alone > 0 {
            self.tries += 1;
            if self.tries >= TRIES {
                return false;
            }
        }
        self.alone = self.alone.max(done.len());
        done.drain(..).rev().for_each(|job| self.jobs.push_front(job));
        true
    }

    /// Takes back the jobs of a transaction that one of them has spoilt.
    fn take_back_spoilt(&mut self, done: &mut Vec<Box<dyn Job>>) {
        self.careful = true;
        done.drain(..).rev().for_each(|job| self.jobs.push_front(job));
    }

    fn finished(&mut self) {
        self.alone = self.alone.saturating_sub(1);
        self.tries = 0;
    }
}

/// Runs jobs until the queue is closed and empty.
pub(crate) struct Committer {
    pub(crate) pool: DbPool,
    pub(crate) graphs: Graphs,
    pub(crate) freshness: Freshness,
    pub(crate) watches: Watches,
    pub(crate) node: Arc<str>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) condition: Arc<Condition>,
}

impl Committer {
    pub(crate) async fn run(self) {
        let mut conn = None;
        loop {
            let mut batch = Batch { jobs: self.queue.take(MAX_BATCH).await, alone: 0, tries: 0, careful: false };
            if batch.jobs.is_empty() {
                return;
            }
            let (writes, began) = (batch.jobs.len(), Instant::now());
            while !batch.jobs.is_empty() {
                conn = self.commit(conn, &mut batch).await;
            }
            self.rest(writes, began.elapsed());
        }
    }

    /// Lets writes gather under load, where the committer has a thread to itself. To sleep in it costs less than to be woken by each
    /// write that comes.
    fn rest(&self, writes: usize, took: Duration) {
        if matches!(self.pool, DbPool::Direct(_)) {
            let pause = rest::after(writes, took, self.queue.length());
            if !pause.is_zero() {
                std::thread::sleep(pause);
            }
        }
    }

    /// Runs as many jobs of the batch as one transaction takes, answers them, and hands back the connection if it is sound.
    async fn commit(&self, conn: Option<Conn>, batch: &mut Batch) -> Option<Conn> {
        let mut conn = match self.begin(conn, batch.jobs.len() == 1 || batch.alone > 0).await {
            Ok(conn) => conn,
            Err(error) => {
                // Not even begun: the next try would end the same way.
                tracing::error!(%error, jobs = batch.jobs.len(), "writes were not begun");
                self.condition.failed(&error);
                answer(batch.jobs.drain(..), Err(Arc::new(error)));
                return None;
            }
        };
        let mut done = Vec::with_capacity(batch.jobs.len());
        let mut outcome = transaction(&mut conn, batch, &mut done).await.map_err(Arc::new);
        if outcome.is_err() && conn.db().take_conflict() {
            let rolled_back = conn.db().control("rollback").await.map_err(Arc::new);
            conn.forget();
            outcome = match rolled_back {
                Ok(()) if batch.take_back(&mut done) => {
                    tokio::time::sleep(PAUSE * batch.tries).await;
                    return Some(conn);
                }
                Ok(()) => outcome,
                Err(error) => Err(error),
            };
        }
        if let Ok(Ran::Spoilt) = outcome {
            conn.forget();
            match conn.db().control("rollback").await {
                Ok(()) => {
                    batch.take_back_spoilt(&mut done);
                    return Some(conn);
                }
                Err(error) => outcome = Err(Arc::new(error)),
            }
        }
        batch.finished();
        if let Err(error) = &outcome {
            tracing::error!(%error, jobs = done.len(), "a batch of writes was not committed");
            self.condition.failed(error);
            // Whatever is still open is rolled back with the connection.
            conn.close().await;
            answer(done.into_iter(), outcome.map(drop));
            return None;
        }
        conn.committed().await;
        if matches!(outcome, Ok(Ran::Kept)) {
            self.condition.committed();
        }
        answer(done.into_iter(), outcome.map(drop));
        Some(conn)
    }

    /// A connection with a transaction begun. One that was kept may be gone, with the server restarted since.
    async fn begin(&self, kept: Option<Conn>, alone: bool) -> Result<Conn, sqlx::Error> {
        if let Some(mut conn) = kept {
            match conn.db().begin(alone).await {
                Ok(()) => return Ok(conn),
                Err(error) => tracing::warn!(%error, "the connection that writes is lost; opening another"),
            }
            conn.close().await;
        }
        let db = self.pool.acquire().await?;
        let conn = Conn::writing(db, self.graphs.clone(), self.freshness.clone(), self.node.clone());
        let mut conn = conn.telling(self.watches.clone());
        match conn.db().begin(alone).await {
            Ok(()) => Ok(conn),
            Err(error) => {
                // Not to be met again: the next may be opened on a database that takes writes.
                conn.close().await;
                Err(error)
            }
        }
    }
}

fn answer(jobs: impl Iterator<Item = Box<dyn Job>>, outcome: Result<(), Arc<sqlx::Error>>) {
    jobs.for_each(|job| job.answer(outcome.clone()));
}

/// Moves jobs from `batch` to `done` and runs them in the transaction that was begun. An error means that nothing of `done` is
/// stored.
async fn transaction(conn: &mut Conn, batch: &mut Batch, done: &mut Vec<Box<dyn Job>>) -> Result<Ran, sqlx::Error> {
    let jobs = if batch.alone > 0 { 1 } else { batch.jobs.len() };
    let with = match jobs {
        1 => Guard::Transaction,
        _ if batch.careful => Guard::Savepoint,
        _ => Guard::Rerun,
    };
    let mut kept = false;
    for _ in 0..jobs {
        let Some(mut job) = batch.jobs.pop_front() else { break };
        let ran = if job.is_abandoned() { Ok(Some(false)) } else { step(conn, &mut *job, with).await };
        done.push(job);
        match ran? {
            Some(keep) => kept |= keep,
            None => return Ok(Ran::Spoilt),
        }
    }
    if !kept {
        return conn.db().control("rollback").await.map(|()| Ran::Nothing);
    }
    counter::flush(conn).await?;
    conn.db().control("commit").await.map(|()| Ran::Kept)
}

/// What undoes a job that fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// The transaction is its own.
    Transaction,
    /// A savepoint.
    Savepoint,
    /// All jobs run again, with savepoints.
    Rerun,
}

/// Runs one job; true if its writes are to be kept, none if it has failed and they cannot be undone alone.
async fn step(conn: &mut Conn, job: &mut dyn Job, guard: Guard) -> Result<Option<bool>, sqlx::Error> {
    if guard == Guard::Savepoint {
        conn.db().control("savepoint job").await?;
    }
    let (mark, written) = (conn.mark(), conn.db().rows_written());
    let again = conn.is_shared() || guard == Guard::Rerun;
    let keep = job.run(conn, again).await;
    if conn.db().has_conflict() {
        return Err(sqlx::Error::Protocol("in the way of another node's transaction".into()));
    }
    if !keep {
        conn.forget_since(mark);
    }
    match guard {
        Guard::Transaction => return Ok(Some(keep)),
        Guard::Rerun if keep => return Ok(Some(true)),
        Guard::Rerun => {
            let clean = written.is_some() && written == conn.db().rows_written();
            return Ok(clean.then_some(false));
        }
        Guard::Savepoint => {}
    }
    if !keep {
        conn.db().control("rollback to savepoint job").await?;
    }
    // Fails if the database has rolled back the whole transaction by itself (disk full): then nothing was stored.
    conn.db().control("release savepoint job").await?;
    Ok(Some(keep))
}
