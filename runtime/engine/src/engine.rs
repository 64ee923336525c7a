//! The engine's handle: what it is made of, how it starts and stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stepwell_core::{Clock, IdSource, PluginHost, StepRunner, Timestamp};
use stepwell_store::notify::{self, News};
use stepwell_store::{Store, StoreError, claim};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::commit::Settled;
use crate::dispatch::{self, Dispatcher};
use crate::heads::Heads;
use crate::known::AllKnown;
use crate::links::Links;
use crate::live::Live;
use crate::nodes::{self, Peers};
use crate::prune::{Demand, Retention};
use crate::route::Stamp;
use crate::timer::Alarm;
use crate::turns::Turns;
use crate::{cron, pace, prune, recover, timer};

/// What an engine is made of.
pub struct EngineOptions {
    /// The database.
    pub store: Store,
    /// Runs steps.
    pub runner: Arc<dyn StepRunner>,
    /// Manages the components behind them.
    pub plugins: Arc<dyn PluginHost>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdSource>,
    /// Signs the links in messages.
    pub links: Links,
    /// How many steps may run at once.
    pub concurrency: usize,
    /// How many due steps are kept in memory; the rest wait in the database.
    pub queue_limit: usize,
    /// What a workspace keeps, unless it was told otherwise.
    pub retention: Retention,
}

/// The durable engine. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) runner: Arc<dyn StepRunner>,
    pub(crate) plugins: Arc<dyn PluginHost>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) links: Links,
    pub(crate) retention: Retention,
    pub(crate) demand: Demand,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) alarm: Alarm,
    /// Messages were queued.
    pub(crate) mail: Notify,
    /// A schedule changed.
    pub(crate) schedules: Notify,
    pub(crate) peers: Peers,
    pub(crate) known: AllKnown,
    pub(crate) heads: Heads,
    pub(crate) live: Live,
    pub(crate) turns: Turns,
    stopping: AtomicBool,
    concurrency: usize,
}

impl Inner {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { now: self.clock.now(), ids: self.ids.clone() }
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Tells the loops what a commit set off.
    pub(crate) fn announce(&self, settled: Settled) {
        if settled.routed.started > 0 {
            metrics::counter!("stepwell_executions_started_total").increment(settled.routed.started as u64);
            self.demand.started(settled.routed.started);
        }
        if !settled.routed.due.is_empty() {
            // First: as soon as a visit is queued it may run.
            settled.routed.known.into_iter().for_each(|known| self.known.keep(known));
            self.dispatcher.add(settled.routed.due);
        }
        if let Some(at) = settled.next_at.into_iter().chain(settled.routed.wakes_at).min() {
            self.alarm.set(at);
        }
        if settled.mail {
            self.mail.notify_one();
        }
    }
}

impl Engine {
    /// An engine that does nothing yet.
    pub fn new(options: EngineOptions) -> Self {
        let shared = options.store.is_shared();
        Self(Arc::new(Inner {
            store: options.store,
            runner: options.runner,
            plugins: options.plugins,
            clock: options.clock,
            ids: options.ids,
            links: options.links,
            retention: options.retention,
            demand: Demand::default(),
            dispatcher: Dispatcher::new(options.concurrency, options.queue_limit, shared),
            alarm: Alarm::new(),
            mail: Notify::new(),
            schedules: Notify::new(),
            peers: Peers::default(),
            known: AllKnown::default(),
            heads: Heads::new(),
            live: Live::new(),
            turns: Turns::new(),
            stopping: false.into(),
            concurrency: options.concurrency,
        }))
    }

    /// Takes up what was running when the server last stopped, and starts the loops. They end after [`stop`](Self::stop).
    pub async fn start(&self) -> Result<JoinSet<()>, StoreError> {
        let mut found = recover::sweep(&self.0).await?;
        if self.0.store.is_shared() {
            found += recover::beat(&self.0).await?;
        }
        if found > 0 {
            tracing::info!(steps = found, "took up steps that were running at the last stop");
        }
        let mut loops = JoinSet::new();
        loops.spawn(dispatch::run(self.0.clone()));
        loops.spawn(timer::run(self.0.clone()));
        loops.spawn(recover::run(self.0.clone()));
        loops.spawn(pace::run(self.0.clone()));
        loops.spawn(cron::run(self.0.clone()));
        loops.spawn(prune::run(self.0.clone()));
        if self.0.store.is_shared() {
            loops.spawn(nodes::follow(self.0.clone()));
            loops.spawn(nodes::hear(self.0.clone()));
        }
        Ok(loops)
    }

    /// Takes no more work and waits until the running steps are stored, or the deadline is over. What is left is taken up at
    /// the next start.
    pub async fn stop(&self, deadline: Duration) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.live.stop();
        self.0.dispatcher.changed.notify_one();
        let all = u32::try_from(self.0.concurrency).unwrap_or(u32::MAX);
        let idle = self.0.dispatcher.slots.acquire_many(all);
        if tokio::time::timeout(deadline, idle).await.is_err() {
            tracing::warn!("some steps did not end in time; they run again at the next start");
        }
        self.0.dispatcher.slots.close();
        if self.0.store.is_shared()
            && let Err(error) = self.leave().await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "other nodes take over when the lease has run out"
            );
        }
    }

    /// Says that this node is no more, so that others take over what it still holds.
    async fn leave(&self) -> Result<(), StoreError> {
        let notify = self.0.peers.notifies();
        let left = self.0.store.write(move |conn| {
            Box::pin(async move {
                claim::leave(conn).await?;
                if notify { notify::tell(conn, News::Left).await } else { Ok(()) }
            })
        });
        left.await
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The plugin host.
    pub fn plugins(&self) -> &Arc<dyn PluginHost> {
        &self.0.plugins
    }

    /// The time and ids for one commit.
    pub fn stamp(&self) -> Stamp {
        self.0.stamp()
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Where new ids come from.
    pub fn ids(&self) -> &Arc<dyn IdSource> {
        &self.0.ids
    }

    /// Signs and verifies the links in messages.
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// How many due steps are queued in memory, and how many run now.
    pub fn load(&self) -> (usize, usize) {
        self.0.dispatcher.load()
    }

    /// Makes the timer look now: for a clock that was moved.
    pub fn wake_timer(&self) {
        self.0.alarm.set(Timestamp(i64::MIN));
    }

    /// Says that schedules were written, so that the next firing is computed anew.
    pub fn schedules_changed(&self) {
        self.0.schedules.notify_one();
    }
}
