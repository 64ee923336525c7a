//! Recovery: visits that are due in the database but in nobody's memory, after a crash or because the queue had no room.

use std::sync::Arc;
use std::time::Duration;

use stepwell_core::{StepExecution, Timestamp};
use stepwell_store::notify::{self, News};
use stepwell_store::{StoreError, backlog, claim};
use tokio::time::Instant;

use crate::engine::Inner;

/// How many visits are loaded at a time.
const PAGE: usize = 500;
/// How often the database is searched for forgotten work, whatever else happens.
const EVERY: Duration = Duration::from_secs(30);
/// After how long it is searched once a commit has failed: it may be stored all the same, with its answer lost, and nobody was told
/// what became due by it.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How often it is looked at what there is to do.
const TICK: Duration = Duration::from_millis(200);

/// How often within a lease other nodes are told that this one lives, and what silent ones held is taken over.
const HEARTBEATS: u32 = 4;

/// Tells other nodes that this one lives, and takes over what silent ones held, as far as there is room for it. The rest is
/// [released](release).
pub(crate) async fn beat(inner: &Inner) -> Result<usize, StoreError> {
    let (now, lease) = (inner.clock.now(), inner.store.lease());
    inner.store.write(move |conn| Box::pin(async move { claim::alive(conn, now, lease).await })).await?;
    let taken = take_over(inner, inner.dispatcher.room(PAGE) as i64).await?;
    let found = taken.len();
    inner.dispatcher.take_up(taken);
    Ok(found)
}

/// Takes a page of what silent nodes held from them, for any node to take: so that each workspace's is taken in turn, whatever
/// the node held of others.
async fn release(inner: &Inner) -> Result<usize, StoreError> {
    let (now, notify) = (inner.clock.now(), inner.peers.notifies());
    let released = inner.store.write(move |conn| {
        Box::pin(async move {
            let taken = claim::take_over(conn, now, PAGE as i64).await?;
            let ids: Vec<_> = taken.iter().map(|visit| visit.id).collect();
            claim::give_back(conn, &ids, now).await?;
            if notify && !ids.is_empty() {
                notify::tell(conn, News::Work).await?;
            }
            Ok::<_, StoreError>(ids.len())
        })
    });
    let released = released.await?;
    if released > 0 {
        inner.alarm.set(Timestamp(i64::MIN));
    }
    Ok(released)
}

async fn take_over(inner: &Inner, limit: i64) -> Result<Vec<StepExecution>, StoreError> {
    let now = inner.clock.now();
    inner.store.write(move |conn| Box::pin(async move { claim::take_over(conn, now, limit).await })).await
}

/// Gives back what there was no room for, so that an idle node takes it, or this one once it has room.
async fn give_back(inner: &Inner) -> Result<(), StoreError> {
    let refused = inner.dispatcher.take_refused();
    if refused.is_empty() {
        return Ok(());
    }
    let (now, notify) = (inner.clock.now(), inner.peers.notifies());
    let (again, count) = (refused.clone(), refused.len());
    let given = inner.store.write(move |conn| {
        Box::pin(async move {
            claim::give_back(conn, &refused, now).await?;
            if notify { notify::tell(conn, News::Work).await } else { Ok(()) }
        })
    });
    match given.await {
        Ok(()) => tracing::debug!(count, "gave back steps that there is no room for"),
        Err(error) => {
            inner.dispatcher.refuse(again);
            return Err(error);
        }
    }
    inner.alarm.set(Timestamp(i64::MIN));
    Ok(())
}

/// Queues what was running when the server stopped, as much of it as there is room for; the rest follows. What is queued or runs
/// already is left alone.
pub(crate) async fn sweep(inner: &Inner) -> Result<usize, StoreError> {
    let workspaces = backlog::held(&mut inner.store.reader().await?).await?;
    inner.dispatcher.are_behind(workspaces);
    refill(inner).await
}

/// Searches the database for work that there is room for now, a page for each workspace, until there is no room or no work.
async fn refill(inner: &Inner) -> Result<usize, StoreError> {
    let mut total = 0;
    loop {
        let mut found = 0;
        for (workspace, after, room) in inner.dispatcher.behind() {
            let limit = room.min(PAGE);
            let mut conn = inner.store.reader().await?;
            let page = backlog::of(&mut conn, workspace, after, limit as i64).await?;
            drop(conn);
            found += page.len();
            total += inner.dispatcher.found(workspace, &page, page.len() < limit);
        }
        if found == 0 || inner.stopping() {
            return Ok(total);
        }
    }
}

/// When the loop did what last.
struct Done {
    beat: Instant,
    sweep: Instant,
    /// Commits that had failed by then.
    failed: u64,
    /// Silent nodes may hold more than was taken from them.
    more: bool,
}

/// Searches until the engine stops: when work was refused and there is room again, and now and then in any case.
pub(crate) async fn run(inner: Arc<Inner>) {
    let now = Instant::now();
    let mut done = Done { beat: now, sweep: now, failed: inner.store.failed_commits(), more: inner.store.is_shared() };
    while !inner.stopping() {
        tokio::select! {
            () = tokio::time::sleep(TICK), if !done.more => {}
            () = inner.dispatcher.low.notified(), if !done.more => {}
            else => {} // at once
        }
        if inner.store.is_shared() {
            with_others(&inner, &mut done).await;
        }
        if let Err(error) = search(&inner, &mut done).await {
            tracing::error!(error = &error as &dyn std::error::Error, "searching the database for due work");
            tokio::time::sleep(TICK).await;
        }
    }
}

async fn with_others(inner: &Inner, done: &mut Done) {
    if done.beat.elapsed() >= inner.store.lease() / HEARTBEATS || inner.peers.take_left() {
        done.beat = Instant::now();
        match beat(inner).await {
            Ok(0) => {}
            Ok(steps) => {
                tracing::warn!(steps, "took over what other nodes no longer run");
                done.more = true;
            }
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "telling that this node lives"),
        }
    }
    if done.more {
        let released = release(inner).await;
        done.more = matches!(released, Ok(1..));
        if let Err(error) = released {
            tracing::error!(error = &error as &dyn std::error::Error, "taking over what other nodes no longer run");
        }
    }
    if let Err(error) = give_back(inner).await {
        tracing::error!(error = &error as &dyn std::error::Error, "giving back what there is no room for");
    }
}

async fn search(inner: &Inner, done: &mut Done) -> Result<(), StoreError> {
    let before = std::mem::replace(&mut done.failed, inner.store.failed_commits());
    if done.failed != before {
        done.soon();
    }
    if done.sweep.elapsed() < EVERY {
        return refill(inner).await.map(drop);
    }
    done.sweep = Instant::now();
    let swept = sweep(inner).await;
    if swept.is_err() {
        done.soon();
    }
    swept.map(drop)
}

impl Done {
    /// Has the database searched in a moment.
    fn soon(&mut self) {
        let long_ago = Instant::now().checked_sub(EVERY - AFTER_FAILURE);
        self.sweep = long_ago.unwrap_or(self.sweep);
    }
}
