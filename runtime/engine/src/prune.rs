//! Retention: deletes what each workspace is not to keep, and whatever else has outlived its use, and gives the disk space back.
//!
//! All of it goes in batches of a few milliseconds, one workspace after the other, with as long a pause behind each as it took:
//! live writes get at least half of the committer. Only when a workspace is far beyond its bound there are no pauses. It looks
//! once a minute, and once a second while much ends, so a bound holds also under load.

mod share;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stepwell_core::{DefinitionId, Timestamp, WorkspaceId};
use stepwell_store::{StoreError, claim, idempotency, prune};
use tokio::sync::Notify;

use crate::engine::Inner;
use share::Share;

/// What a workspace keeps, unless it was told otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// How long ended executions are kept, and events and messages; none for ever.
    pub age: Option<Duration>,
    /// How many ended executions are kept; none for any number.
    pub executions: Option<u64>,
}

/// What one commit deletes at most.
const BATCH: prune::Batch = prune::Batch { rows: 500, time: Duration::from_millis(10) };
/// Of which it deletes no more in the tables without workspaces.
const KEYS: i64 = 500;
/// How many free pages stay in a file while much is written, which takes them again, and otherwise; and how many one commit gives
/// back to the file system.
const SPARE_MUCH: prune::Spare = prune::Spare { pages: 1_024, one_in: 2 };
const SPARE: prune::Spare = prune::Spare { pages: 1_024, one_in: 8 };
const PAGES: u32 = 256;
/// The longest pause behind a batch.
const PAUSE: Duration = Duration::from_millis(50);
/// How often retention looks: when nothing was to be done; when something was, or there may be other nodes, of whose work this one
/// hears nothing; when much happens.
const EVERY: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(10);
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// It may spend a twentieth of the time on looking, where that takes long. That one look was held up says little: it counts for no
/// more than twice the last, and this.
const LOOKING: u32 = 20;
const LOOK: Duration = Duration::from_millis(10);
/// Executions that are started or deleted between two looks when much happens.
const MUCH: u64 = 1_000;
/// How often versions are looked at, and how long one stays after another has followed where nothing else is said.
const VERSIONS_EVERY: Duration = Duration::from_secs(60 * 60);
const VERSION_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a definition that was deleted stays at least: so long nobody takes to start an execution of it that has read it before.
const HIDDEN_MS: i64 = 60 * 60 * 1_000;

/// Says when it is worth looking before the time.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    started: AtomicU64,
    much: Notify,
}

impl Demand {
    /// Executions were started: sooner or later they will have ended.
    pub(crate) fn started(&self, executions: usize) {
        let before = self.started.fetch_add(executions as u64, Ordering::Relaxed);
        if before < MUCH && before + executions as u64 >= MUCH {
            self.much.notify_one();
        }
    }

    fn reset(&self) {
        self.started.store(0, Ordering::Relaxed);
    }
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut versions_at = Instant::now();
    let mut looks = Duration::ZERO;
    while !inner.stopping() {
        inner.demand.reset();
        let began = Instant::now();
        let passed = match pass(&inner).await {
            Ok(passed) => passed,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "deleting what is not to be kept");
                Passed::default()
            }
        };
        looks = passed.looked.min(looks * 2 + LOOK);
        if versions_at <= Instant::now() {
            versions_at = Instant::now() + VERSIONS_EVERY;
            if let Err(error) = versions(&inner).await {
                tracing::error!(error = &error as &dyn std::error::Error, "deleting old versions of definitions");
            }
        }
        rest(&inner, began, looks, passed).await;
    }
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    deleted: u64,
    /// How long it took to find out what is to be done.
    looked: Duration,
}

/// Waits until it is time to look again; a look takes as long as `looks`.
async fn rest(inner: &Inner, began: Instant, looks: Duration, passed: Passed) {
    let least = (looks * LOOKING).clamp(AT_MOST_EVERY, SOON);
    tokio::time::sleep(least.saturating_sub(began.elapsed())).await;
    let every = if passed.deleted > 0 || inner.store.is_shared() { SOON } else { EVERY };
    if passed.deleted < MUCH {
        let _ = tokio::time::timeout(every.saturating_sub(least), inner.demand.much.notified()).await;
    }
}

/// Deletes batch by batch until nothing is left of what a look has found. Of several nodes one does it.
async fn pass(inner: &Inner) -> Result<Passed, StoreError> {
    let (now, began) = (inner.clock.now(), Instant::now());
    if !claim::leads(&mut inner.store.reader().await?, now).await? {
        return Ok(Passed::default());
    }
    let mut shares = share::look(&mut inner.store.reader().await?, inner.retention, now).await?;
    let looked = began.elapsed();
    let mut passed = Passed { deleted: outlived(inner, now).await?, looked };
    while !shares.is_empty() && !inner.stopping() {
        let mut left = Vec::with_capacity(shares.len());
        for share in shares {
            let began = Instant::now();
            let after: Share =
                inner.store.write(move |conn| Box::pin(async move { share.batch(conn, BATCH).await })).await?;
            passed.deleted += after.deleted - share.deleted;
            if !after.is_done() {
                left.push(after);
            }
            if !share.is_far_beyond() {
                pause(began).await;
            }
        }
        shares = left;
    }
    give_back(inner, if passed.deleted < MUCH { SPARE } else { SPARE_MUCH }).await?;
    Ok(passed)
}

async fn pause(began: Instant) {
    tokio::time::sleep(began.elapsed().min(PAUSE)).await;
}

/// Deletes keys that have run out and definitions that were deleted, with what belonged to them.
async fn outlived(inner: &Inner, now: Timestamp) -> Result<u64, StoreError> {
    let mut all = 0;
    while !inner.stopping() {
        let began = Instant::now();
        let (deleted, more) = inner
            .store
            .write(move |conn| {
                Box::pin(async move {
                    let keys = idempotency::purge(conn, now, KEYS).await?;
                    let rest = prune::deleted_definitions(conn, BATCH).await?;
                    let hidden = prune::hidden_definitions(conn, now.plus_millis(-HIDDEN_MS), BATCH).await?;
                    let deleted = keys + rest.deleted + hidden.deleted;
                    Ok::<_, StoreError>((deleted, keys >= KEYS.unsigned_abs() || rest.more || hidden.more))
                })
            })
            .await?;
        all += deleted;
        if !more {
            break;
        }
        pause(began).await;
    }
    Ok(all)
}

async fn give_back(inner: &Inner, spare: prune::Spare) -> Result<(), StoreError> {
    while !inner.stopping() {
        let began = Instant::now();
        let more: Result<bool, StoreError> =
            inner.store.write(move |conn| Box::pin(async move { prune::give_back(conn, spare, PAGES).await })).await;
        if !more? {
            break;
        }
        pause(began).await;
    }
    Ok(())
}

/// Deletes versions that nobody needs, of the workspaces that do not keep everything.
async fn versions(inner: &Inner) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let mut conn = inner.store.reader().await?;
    if !claim::leads(&mut conn, now).await? {
        return Ok(());
    }
    for (workspace, before) in share::versions_before(&mut conn, inner.retention, VERSION_AGE, now).await? {
        for (definition, unused) in prune::unused_versions(&mut conn, workspace, before).await? {
            for part in unused.chunks(20) {
                delete_versions(inner, workspace, definition, part.to_vec()).await?;
            }
        }
    }
    Ok(())
}

async fn delete_versions(
    inner: &Inner,
    workspace: WorkspaceId,
    definition: DefinitionId,
    part: Vec<u32>,
) -> Result<(), StoreError> {
    let began = Instant::now();
    let deleted: Result<u64, StoreError> = inner
        .store
        .write(move |conn| Box::pin(async move { prune::versions(conn, workspace, definition, &part).await }))
        .await;
    tracing::debug!(%definition, versions = deleted?, "deleted versions that no execution is pinned to");
    pause(began).await;
    Ok(())
}
