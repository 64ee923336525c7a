//! Group commit: one task owns the connection that writes. It takes all jobs that wait, runs each in a savepoint of one
//! transaction, commits once, then answers all. So the cost of making a commit durable is shared, and a lone job waits for
//! nobody.
//!
//! A job that fails or panics is rolled back alone. If the commit fails, every job of the batch is answered with an error and
//! nothing of it is stored.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::Pool;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::conn::Conn;
use crate::counter;
use crate::dialect::{BEGIN, Db};
use crate::error::StoreError;
use crate::graphs::Graphs;

/// The most jobs in one transaction: bounds how long the first of them waits for the last.
const MAX_BATCH: usize = 256;

/// A write on its way to the committer.
pub(crate) trait Job: Send {
    /// Whether whoever asked has stopped waiting, so that nothing needs to be done.
    fn is_abandoned(&self) -> bool;
    /// Does the work; false if it is to be rolled back.
    fn run<'j>(&'j mut self, conn: &'j mut Conn) -> BoxFuture<'j, bool>;
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
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn is_abandoned(&self) -> bool {
        self.to.is_closed()
    }

    fn run<'j>(&'j mut self, conn: &'j mut Conn) -> BoxFuture<'j, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
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

/// Runs jobs until the queue is closed and empty.
pub(crate) struct Committer {
    pub(crate) pool: Pool<Db>,
    pub(crate) graphs: Graphs,
    pub(crate) queue: mpsc::Receiver<Box<dyn Job>>,
    pub(crate) stop: Arc<Notify>,
}

impl Committer {
    pub(crate) async fn run(mut self) {
        let mut conn = None;
        let mut jobs = Vec::with_capacity(MAX_BATCH);
        loop {
            tokio::select! {
                biased;
                () = self.stop.notified() => self.queue.close(),
                taken = self.queue.recv_many(&mut jobs, MAX_BATCH) => {
                    if taken == 0 {
                        return;
                    }
                    let mut batch: VecDeque<_> = jobs.drain(..).collect();
                    while !batch.is_empty() {
                        conn = self.commit(conn, &mut batch).await;
                    }
                }
            }
        }
    }

    /// Runs as many jobs of the batch as one transaction takes, answers them, and hands back the connection if it is sound.
    async fn commit(&self, conn: Option<Conn>, batch: &mut VecDeque<Box<dyn Job>>) -> Option<Conn> {
        let mut conn = match self.connect(conn).await {
            Ok(conn) => conn,
            Err(error) => {
                answer(batch.drain(..), Err(Arc::new(error)));
                return None;
            }
        };
        let mut done = Vec::with_capacity(batch.len());
        let outcome = transaction(&mut conn, batch, &mut done).await.map_err(Arc::new);
        if let Err(error) = &outcome {
            tracing::error!(%error, jobs = done.len(), "a batch of writes was not committed");
            if done.is_empty() {
                done.extend(batch.drain(..)); // not even begun: the next try would end the same way
            }
            // Whatever is still open is rolled back with the connection.
            conn.close().await;
            answer(done.into_iter(), outcome);
            return None;
        }
        conn.committed().await;
        answer(done.into_iter(), outcome);
        Some(conn)
    }

    async fn connect(&self, conn: Option<Conn>) -> Result<Conn, sqlx::Error> {
        match conn {
            Some(conn) => Ok(conn),
            None => Ok(Conn::writing(self.pool.acquire().await?, self.graphs.clone())),
        }
    }
}

fn answer(jobs: impl Iterator<Item = Box<dyn Job>>, outcome: Result<(), Arc<sqlx::Error>>) {
    jobs.for_each(|job| job.answer(outcome.clone()));
}

/// Moves jobs from `batch` to `done` and runs them. An error means that nothing of `done` is stored.
async fn transaction(
    conn: &mut Conn,
    batch: &mut VecDeque<Box<dyn Job>>,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<(), sqlx::Error> {
    execute(conn, BEGIN).await?;
    let alone = batch.len() == 1;
    let mut kept = false;
    while let Some(mut job) = batch.pop_front() {
        let ran = if job.is_abandoned() { Ok(false) } else { step(conn, &mut *job, alone).await };
        done.push(job);
        kept |= ran?;
    }
    if !kept {
        return execute(conn, "rollback").await;
    }
    counter::flush(conn).await?;
    execute(conn, "commit").await
}

/// Runs one job; true if its writes are to be kept. A lone job needs no savepoint: the transaction is its own.
async fn step(conn: &mut Conn, job: &mut dyn Job, alone: bool) -> Result<bool, sqlx::Error> {
    if !alone {
        execute(conn, "savepoint job").await?;
    }
    let mark = conn.mark();
    let keep = job.run(conn).await;
    if !keep {
        conn.forget_since(mark);
    }
    if alone {
        return Ok(keep);
    }
    if !keep {
        execute(conn, "rollback to savepoint job").await?;
    }
    // Fails if the database has rolled back the whole transaction by itself (disk full): then nothing was stored.
    execute(conn, "release savepoint job").await?;
    Ok(keep)
}

async fn execute(conn: &mut Conn, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(conn.db()).await.map(drop)
}
