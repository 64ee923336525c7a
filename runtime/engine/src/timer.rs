//! The timer: ends waits whose time has come and takes up steps that are due for another try, or that no node had room for.
//! Sleeps until the next one.
//!
//! Where nodes share the database, each takes what the others are not taking at the moment. A node knows exactly when what it
//! stored itself is due; what others stored it finds by looking, a moment later than they.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use stepwell_core::{Timestamp, Wake, WorkspaceId};
use stepwell_store::{StoreError, backlog, claim, wait};
use tokio::sync::Notify;

use crate::engine::Inner;
use crate::queue::Ticket;
use crate::route;

/// How many waits or retries one commit takes up.
const BATCH: usize = 200;
/// The longest sleep: the database is asked again even if nobody told the timer of something earlier.
const LONGEST: Duration = Duration::from_secs(10);
/// The same where other nodes store what is due: the one that did may be gone.
const LONGEST_SHARED: Duration = Duration::from_secs(1);
/// How much later than its own time a node takes up what another may have stored: most often that one has done so then.
const LATER_MS: i64 = 50;
/// How long to wait while there is no room for what is due, or other nodes are taking it.
const BUSY: Duration = Duration::from_millis(50);
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
    async fn wait(&self, now: Timestamp, next: Option<Timestamp>, longest: Duration) {
        if let Some(next) = next {
            self.at.fetch_min(next.0, Ordering::AcqRel);
        }
        let left = self.at.load(Ordering::Acquire).saturating_sub(now.0).max(0);
        let pause = Duration::from_millis(left.unsigned_abs()).min(longest);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.sooner.notified() => {}
        }
    }
}

/// What a look at the database brought.
enum Look {
    /// Something was due and is taken up; there may be more.
    Taken,
    /// Something is due that nobody here can take up now.
    Busy,
    /// This is due next.
    Next(Option<Timestamp>),
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let longest = if inner.store.is_shared() { LONGEST_SHARED } else { LONGEST };
    while !inner.stopping() {
        inner.alarm.at.store(i64::MAX, Ordering::Release);
        match look(&inner).await {
            Ok(Look::Taken) => {}
            Ok(Look::Busy) => tokio::time::sleep(BUSY).await,
            Ok(Look::Next(at)) => inner.alarm.wait(inner.clock.now(), at, longest).await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the timer could not use the database");
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    }
}

async fn look(inner: &Inner) -> Result<Look, StoreError> {
    let now = inner.clock.now();
    let next = claim::next_due(&mut inner.store.reader().await?).await?;
    if next.is_none_or(|next| next > now) {
        let later = if inner.store.is_shared() { LATER_MS } else { 0 };
        return Ok(Look::Next(next.map(|next| next.plus_millis(later))));
    }
    let room = inner.dispatcher.room(BATCH);
    if room == 0 {
        return Ok(Look::Busy);
    }
    let waiting = backlog::due(&mut inner.store.reader().await?, now).await?;
    let due = take(inner, inner.dispatcher.reserves(waiting, BATCH), i64::try_from(room).unwrap_or(i64::MAX)).await?;
    if due.is_empty() {
        return Ok(Look::Busy);
    }
    inner.dispatcher.take_up(due);
    Ok(Look::Taken)
}

/// Takes so many visits of each of these workspaces, and so many waits of any.
async fn take(inner: &Inner, visits: Vec<(WorkspaceId, usize)>, waits: i64) -> Result<Vec<Ticket>, StoreError> {
    let stamp = inner.stamp();
    inner
        .store
        .write(move |conn| {
            Box::pin(async move {
                let mut due: Vec<Ticket> = Vec::new();
                for (workspace, room) in visits {
                    let room = i64::try_from(room).unwrap_or(i64::MAX);
                    due.extend(claim::claim_due(conn, workspace, stamp.now, room).await?.into_iter().map(Ticket::from));
                }
                for wait in &wait::take_due(conn, stamp.now, waits).await? {
                    let woken =
                        route::wake_one(conn, wait, wait.ended_by.clone().unwrap_or(Wake::Timer), &stamp).await?;
                    due.extend(woken);
                }
                Ok(due)
            })
        })
        .await
}
