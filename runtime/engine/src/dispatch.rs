//! The dispatcher: takes due visits from the queue in turn, runs each through the plugin host, stores what it did, and queues
//! what became due by it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stepwell_core::{Failure, Input, Mode, Outcome, RetryPolicy, StepExecutionId, StepReport};
use stepwell_store::StoreError;
use tokio::sync::{Notify, Semaphore};

use crate::chain::Chain;
use crate::commit::Settled;
use crate::control;
use crate::engine::Inner;
use crate::nodes;
use crate::queue::FairQueue;
use crate::step::{self, Due};

/// How long to wait before a write that the database refused for want of room is tried again.
const STORE_PAUSE: Duration = Duration::from_millis(200);

/// Why executions of a workspace that is switched off end.
const DISABLED: &str = "Project disabled";

/// Due work and who may run it.
pub(crate) struct Dispatcher {
    queue: Mutex<FairQueue>,
    /// Work was added, or a run ended.
    pub(crate) changed: Notify,
    /// Work was refused for want of room and is only in the database.
    spilled: std::sync::atomic::AtomicBool,
    /// Which, where other nodes may have room for it.
    refused: Option<Mutex<HashSet<StepExecutionId>>>,
    pub(crate) slots: Arc<Semaphore>,
    concurrency: usize,
}

impl Dispatcher {
    /// `shared`: with other nodes.
    pub(crate) fn new(concurrency: usize, queue_limit: usize, shared: bool) -> Self {
        Self {
            queue: Mutex::new(FairQueue::new(queue_limit)),
            changed: Notify::new(),
            spilled: false.into(),
            refused: shared.then(Mutex::default),
            slots: Arc::new(Semaphore::new(concurrency)),
            concurrency,
        }
    }

    fn queue(&self) -> MutexGuard<'_, FairQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues work that a commit made due.
    pub(crate) fn add(&self, due: impl IntoIterator<Item = Due>) {
        let mut queue = self.queue();
        for due in due {
            let visit = due.visit.id;
            let queued = queue.push(due);
            if !queued {
                self.spilled.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            self.note(visit, queued);
        }
        drop(queue);
        self.changed.notify_one();
    }

    fn note(&self, visit: StepExecutionId, queued: bool) {
        let Some(refused) = &self.refused else { return };
        let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
        if !queued {
            refused.insert(visit);
        } else if !refused.is_empty() {
            refused.remove(&visit);
        }
    }

    /// Queues work for which there was [room](Self::room) when it was asked for.
    pub(crate) fn take_up(&self, due: impl IntoIterator<Item = Due>) {
        let mut queue = self.queue();
        due.into_iter().for_each(|due| queue.push_anyway(due));
        drop(queue);
        self.changed.notify_one();
    }

    /// For how much of what waits in the database there is room, up to `most`: also where new work finds none.
    pub(crate) fn room(&self, most: usize) -> usize {
        self.queue().room().min(most)
    }

    /// Keeps work in mind as refused.
    pub(crate) fn refuse(&self, visits: Vec<StepExecutionId>) {
        visits.into_iter().for_each(|visit| self.note(visit, false));
    }

    /// The work that was refused since the last call and that other nodes may have room for.
    pub(crate) fn take_refused(&self) -> Vec<StepExecutionId> {
        let Some(refused) = &self.refused else { return Vec::new() };
        refused.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }

    /// Whether work waits in the database that there is room for now. Asking resets the answer.
    pub(crate) fn take_spilled(&self) -> bool {
        self.queue().is_half_empty() && self.spilled.swap(false, std::sync::atomic::Ordering::Relaxed)
    }

    /// How much is queued, and how much runs.
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.queue().len(), self.concurrency - self.slots.available_permits())
    }

    fn take(&self) -> Option<Due> {
        self.queue().pop()
    }
}

/// Runs due work until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let Ok(permit) = inner.dispatcher.slots.clone().acquire_owned().await else { return };
        let due = loop {
            if inner.stopping() {
                return;
            }
            match inner.dispatcher.take() {
                Some(due) => break due,
                None => inner.dispatcher.changed.notified().await,
            }
        };
        let inner = inner.clone();
        tokio::spawn(async move {
            one(&inner, due).await;
            drop(permit);
        });
    }
}

async fn one(inner: &Arc<Inner>, due: Due) {
    let id = due.visit.id;
    match attempt(inner, &due).await {
        Ok(Some(settled)) => {
            inner.dispatcher.queue().done(&due);
            inner.announce(settled);
        }
        Ok(None) => put_back(inner, due).await,
        Err(error) => {
            tracing::error!(visit = %id, execution = %due.execution.id, error = &error as &dyn std::error::Error, "storing a step");
            put_back(inner, due).await;
        }
    }
}

/// Back into the queue after a pause. The step's idempotency key stays the same, so running it again does no harm.
async fn put_back(inner: &Arc<Inner>, due: Due) {
    tokio::time::sleep(STORE_PAUSE).await;
    inner.dispatcher.queue().put_back(due);
    inner.dispatcher.changed.notify_one();
}

/// Runs a visit, and what can run with it before a commit, and stores what they did; `None` if it is to run again: the host had
/// no room, or the database could not be read.
async fn attempt(inner: &Arc<Inner>, due: &Due) -> Result<Option<Settled>, StoreError> {
    let Some(mut chain) = Chain::load(inner, due).await? else { return Ok(Some(Settled::default())) };
    if chain.around.disabled {
        return cancel(inner, due).await.map(Some);
    }
    loop {
        let (due, troubles) = (chain.due(), inner.store.troubles());
        let (report, retry) = run_step(inner, &chain, &due).await;
        // A step that failed while the database could not be read is not to blame.
        let failed = matches!(report.outcome, Outcome::Failed(_));
        let again = report.no_room || (failed && inner.store.troubles() != troubles);
        if again && chain.is_empty() {
            return Ok(None);
        }
        // What is to run again further on is due once what ran before it is stored.
        if again {
            break;
        }
        log(&due, &report);
        if !chain.settle(inner, report, retry) {
            break;
        }
    }
    chain.commit(inner).await.map(Some)
}

async fn run_step(inner: &Inner, chain: &Chain, due: &Due) -> (StepReport, RetryPolicy) {
    let ran = run_known(inner, chain, due).await;
    if nodes::may_be_behind(inner, &ran.0).await { run_known(inner, chain, due).await } else { ran }
}

/// Runs a step with the plugins that this node knows.
async fn run_known(inner: &Inner, chain: &Chain, due: &Due) -> (StepReport, RetryPolicy) {
    let around = &chain.around;
    let Some(found) = around.graph.step(due.visit.step_id) else {
        let failure = Failure::fatal("no-such-step", "the step is no longer part of the definition");
        return (StepReport::of(Outcome::Failed(failure)), RetryPolicy::NONE);
    };
    let retry = found
        .retry
        .unwrap_or_else(|| inner.runner.default_retry(found.plugin, due.visit.workspace_id, &found.step_type));
    let mut request = step::request(due, found, around, &inner.links, Mode::Live, inner.clock.now());
    request.context.about["step"]["retry"] = serde_json::to_value(retry).unwrap_or_default();
    (inner.runner.run(request).await, retry)
}

/// A workspace that is switched off ends its executions as they come to their next step (spec plunk-workflows, 7 rule 4).
async fn cancel(inner: &Arc<Inner>, due: &Due) -> Result<Settled, StoreError> {
    let (execution, stamp) = (due.execution.clone(), inner.stamp());
    inner
        .store
        .write(move |conn| {
            Box::pin(async move {
                let input = Input::Cancelled { reason: DISABLED.to_owned() };
                control::change(conn, execution.workspace_id, execution.id, input, &stamp).await
            })
        })
        .await?;
    Ok(Settled::default())
}

/// What a step logged goes to the operator's log, with the ids to find it by.
fn log(due: &Due, report: &StepReport) {
    let (execution, visit) = (due.execution.id, due.visit.id);
    for line in &report.log {
        tracing::info!(target: "stepwell::step", %execution, %visit, level = line.level, "{}", line.message);
    }
    if let Outcome::Failed(failure) = &report.outcome {
        tracing::warn!(%execution, %visit, code = failure.code, attempt = due.visit.attempt, "{}", failure.message);
    }
}
