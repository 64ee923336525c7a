//! The timer: ends waits whose time has come and takes up steps that are due for another try. Sleeps until the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use stepwell_core::{Timestamp, Wait, Wake};
use stepwell_store::{StoreError, claim, wait};
use tokio::sync::Notify;

use crate::commit::Settled;
use crate::engine::Inner;
use crate::route;
use crate::step::Due;

/// How many waits or retries one commit takes up.
const BATCH: i64 = 200;
/// The longest sleep: the database is asked again even if nobody told the timer of something earlier.
const LONGEST: Duration = Duration::from_secs(10);
/// How long to wait after the database failed.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// When the timer will look next, and how to make it look sooner.
pub(crate) struct Alarm {
    at: AtomicI64,
    sooner: Notify,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        Self { at: AtomicI64::new(i64::MAX), sooner: Notify::new() }
    }

    /// Something is due at a time.
    pub(crate) fn set(&self, at: Timestamp) {
        if self.at.fetch_min(at.0, Ordering::AcqRel) > at.0 {
            self.sooner.notify_one();
        }
    }

    /// Sleeps until the time of the alarm.
    async fn wait(&self, now: Timestamp, next: Option<Timestamp>) {
        if let Some(next) = next {
            self.at.fetch_min(next.0, Ordering::AcqRel);
        }
        let left = self.at.load(Ordering::Acquire).saturating_sub(now.0).max(0);
        let pause = Duration::from_millis(left.unsigned_abs()).min(LONGEST);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.sooner.notified() => {}
        }
    }
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    while !inner.stopping() {
        inner.alarm.at.store(i64::MAX, Ordering::Release);
        match pass(&inner).await {
            Ok(true) => {}
            Ok(false) => match next(&inner).await {
                Ok(at) => inner.alarm.wait(inner.clock.now(), at).await,
                Err(error) => complain(&error).await,
            },
            Err(error) => complain(&error).await,
        }
    }
}

async fn complain(error: &StoreError) {
    tracing::error!(error = error as &dyn std::error::Error, "the timer could not use the database");
    tokio::time::sleep(AFTER_ERROR).await;
}

async fn next(inner: &Inner) -> Result<Option<Timestamp>, StoreError> {
    claim::next_due(&mut inner.store.reader().await?).await
}

/// One batch of each kind; `true` if there may be more.
async fn pass(inner: &Arc<Inner>) -> Result<bool, StoreError> {
    let now = inner.clock.now();
    let (waits, retries) = {
        let mut conn = inner.store.reader().await?;
        (wait::due(&mut conn, now, BATCH).await?, claim::ready(&mut conn, now, BATCH).await?)
    };
    let more = !waits.is_empty() || !retries.is_empty();
    if !waits.is_empty() {
        let due = wake(inner, waits).await?;
        inner.announce(Settled { routed: route::Routed { due, started: 0 }, ..Settled::default() });
    }
    if !retries.is_empty() {
        let due = take_up(inner, retries).await?;
        inner.announce(Settled { routed: route::Routed { due, started: 0 }, ..Settled::default() });
    }
    Ok(more)
}

async fn wake(inner: &Inner, waits: Vec<Wait>) -> Result<Vec<Due>, StoreError> {
    let stamp = inner.stamp();
    inner
        .store
        .write(move |conn| {
            Box::pin(async move {
                let mut due = Vec::new();
                for wait in &waits {
                    due.extend(route::wake_one(conn, wait, Wake::Timer, &stamp).await?);
                }
                Ok(due)
            })
        })
        .await
}

async fn take_up(inner: &Inner, retries: Vec<stepwell_core::StepExecution>) -> Result<Vec<Due>, StoreError> {
    let now = inner.clock.now();
    inner.store.write(move |conn| Box::pin(async move { crate::recover::claim(conn, retries, now).await })).await
}
