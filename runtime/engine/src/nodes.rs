//! What a node has to know of what others do, where several share the database.
//!
//! Looking at the database every second is what everything rests on; what nodes tell each other only makes it sooner. Work that
//! others gave back and waits that others stored are the timer's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stepwell_core::{Digest, Outcome, PluginError, PluginInfo, StepReport, Timestamp, WorkspaceId};
use stepwell_store::notify::{Listener, News};
use stepwell_store::{StoreError, plugin};
use tokio::sync::{Mutex, Notify};

use crate::engine::{Engine, Inner};

/// How often it is asked whether other nodes changed plugins.
const EVERY: Duration = Duration::from_secs(1);
/// So many of those looks later plugins are compared even if nothing seems to have changed: one could not be made usable for a
/// reason that may have passed.
const COMPARED_ANYWAY: u32 = 60;
/// How long to wait before listening again after the connection was lost, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// What this node knows of the others' doings.
#[derive(Default)]
pub(crate) struct Peers {
    /// Neither says nor hears anything.
    silent: AtomicBool,
    plugins: Mutex<Known>,
    /// Plugins may have changed.
    changed: Notify,
    /// A node stopped, and nobody has looked at what it held.
    left: AtomicBool,
}

/// The plugins as they were last seen in the database.
#[derive(Default)]
struct Known {
    version: Option<u64>,
    plugins: HashMap<(Option<WorkspaceId>, Digest), PluginInfo>,
}

impl Peers {
    /// Whether nodes tell each other what they change.
    pub(crate) fn notifies(&self) -> bool {
        !self.silent.load(Ordering::Relaxed)
    }

    /// Whether a node stopped since this was asked last.
    pub(crate) fn take_left(&self) -> bool {
        self.left.swap(false, Ordering::Relaxed)
    }

    /// A plugin is used as it is stored.
    pub(crate) async fn know(&self, info: &PluginInfo) {
        self.plugins.lock().await.plugins.insert((info.workspace_id, info.digest), info.clone());
    }
}

impl Engine {
    /// Has this node only look for what others do, and tell them nothing: for databases and poolers without `LISTEN` and
    /// `NOTIFY`. To be called before [`start`](Self::start).
    pub fn only_look(&self) {
        self.0.peers.silent.store(true, Ordering::Relaxed);
    }
}

/// Keeps the plugins as they are in the database, until the engine stops.
pub(crate) async fn follow(inner: Arc<Inner>) {
    let mut looks: u32 = 0;
    while !inner.stopping() {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = inner.peers.changed.notified() => {}
        }
        looks = looks.wrapping_add(1);
        match refresh(&inner, looks.is_multiple_of(COMPARED_ANYWAY)).await {
            Ok(0) => {}
            Ok(plugins) => tracing::info!(plugins, "took up what other nodes changed"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "looking for changed plugins"),
        }
    }
}

/// Makes plugins usable, or takes them away, as the database says, and says how many. One that cannot be made usable is logged and
/// left out.
pub(crate) async fn refresh(inner: &Inner, anyway: bool) -> Result<usize, StoreError> {
    let mut known = inner.peers.plugins.lock().await;
    let mut conn = inner.store.reader().await?;
    let version = plugin::version(&mut conn).await?;
    if known.version == Some(version) && !anyway {
        return Ok(0);
    }
    let stored = plugin::list(&mut conn).await?;
    drop(conn);
    let mut changed = drop_missing(inner, &mut known, &stored);
    for info in stored {
        let place = (info.workspace_id, info.digest);
        if known.plugins.get(&place) == Some(&info) {
            continue;
        }
        if take_up(inner, &info).await? {
            known.plugins.insert(place, info);
        }
        changed += 1;
    }
    known.version = Some(version);
    Ok(changed)
}

fn drop_missing(inner: &Inner, known: &mut Known, stored: &[PluginInfo]) -> usize {
    let there: HashSet<_> = stored.iter().map(|info| (info.workspace_id, info.digest)).collect();
    let before = known.plugins.len();
    known.plugins.retain(|&(workspace, digest), _| {
        let kept = there.contains(&(workspace, digest));
        if !kept {
            inner.plugins.deactivate(workspace, digest);
        }
        kept
    });
    before - known.plugins.len()
}

/// Makes a plugin usable; `false` if that may work later.
async fn take_up(inner: &Inner, info: &PluginInfo) -> Result<bool, StoreError> {
    let mut conn = inner.store.reader().await?;
    let Some(component) = plugin::component(&mut conn, info.workspace_id, info.digest).await? else { return Ok(false) };
    drop(conn);
    let Err(error) = inner.plugins.activate(info, &component).await else { return Ok(true) };
    tracing::error!(digest = %info.digest, error = &error as &dyn std::error::Error, "an installed plugin cannot be used");
    Ok(matches!(error, PluginError::Refused { .. }))
}

/// Whether a step failed because another node changed a plugin that this one now knows: then it is to be run again.
pub(crate) async fn may_be_behind(inner: &Inner, report: &StepReport) -> bool {
    let Outcome::Failed(failure) = &report.outcome else { return false };
    if !inner.store.is_shared() || !matches!(failure.code.as_str(), "no-such-step" | "capability-denied") {
        return false;
    }
    refresh(inner, false).await.is_ok_and(|changed| changed > 0)
}

/// Listens to what other nodes tell, until the engine stops. Where that cannot be, looking has to do.
pub(crate) async fn hear(inner: Arc<Inner>) {
    let mut pause = BACKOFF.0;
    while inner.peers.notifies() && !inner.stopping() {
        match inner.store.listen().await {
            Ok(Some(listener)) => {
                pause = BACKOFF.0;
                heed_all(&inner, listener).await;
            }
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot hear other nodes; looking instead");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACKOFF.1);
    }
    // A loop that ends is a fault of the server.
    std::future::pending::<()>().await;
}

async fn heed_all(inner: &Inner, mut listener: Listener) {
    heed(inner, News::Unknown);
    loop {
        match listener.next().await {
            Ok(news) => heed(inner, news),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the connection that listens is lost");
                return;
            }
        }
    }
}

fn heed(inner: &Inner, news: News) {
    if matches!(news, News::Work | News::Unknown) {
        inner.alarm.set(Timestamp(i64::MIN));
    }
    if matches!(news, News::Left | News::Unknown) {
        inner.peers.left.store(true, Ordering::Relaxed);
    }
    if matches!(news, News::Plugins | News::Unknown) {
        inner.peers.changed.notify_one();
    }
}
