//! The dispatcher: takes due visits from the queue in turn, runs each through the plugin host, stores what it did, and queues
//! what became due by it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stepwell_core::{Failure, Input, Mode, Outcome, RetryPolicy, StepExecution, StepReport, StepRequest, StepStatus};
use stepwell_store::{StoreError, execution};
use tokio::sync::{Notify, Semaphore};

use crate::commit::{self, Settled};
use crate::control;
use crate::engine::Inner;
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
    pub(crate) slots: Arc<Semaphore>,
    concurrency: usize,
}

impl Dispatcher {
    pub(crate) fn new(concurrency: usize, queue_limit: usize) -> Self {
        Self {
            queue: Mutex::new(FairQueue::new(queue_limit)),
            changed: Notify::new(),
            spilled: false.into(),
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
            if !queue.push(due) {
                self.spilled.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
        drop(queue);
        self.changed.notify_one();
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
            inner.dispatcher.queue().done(id);
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

/// Runs a visit and stores what it did; `None` if the host had no room.
async fn attempt(inner: &Arc<Inner>, due: &Due) -> Result<Option<Settled>, StoreError> {
    if due.found && !still_runs(inner, due).await? {
        return Ok(Some(Settled::default()));
    }
    let (report, retry) = match prepare(inner, due).await? {
        Prepared::Run(request, retry) => (inner.runner.run(*request).await, retry),
        Prepared::Gone => {
            let message = "the step is no longer part of the definition";
            (StepReport::of(Outcome::Failed(Failure::fatal("no-such-step", message))), RetryPolicy::NONE)
        }
        Prepared::Disabled => return cancel(inner, due).await.map(Some),
    };
    if report.no_room {
        return Ok(None);
    }
    log(due, &report);
    let (due, stamp, spread) = (due.clone(), inner.stamp(), rand::random::<f64>());
    let settled = inner
        .store
        .write(move |conn| Box::pin(async move { commit::settle(conn, &due, report, retry, spread, &stamp).await }))
        .await?;
    Ok(Some(settled))
}

/// Whether a visit that was found in the database is still to be run.
async fn still_runs(inner: &Inner, due: &Due) -> Result<bool, StoreError> {
    let mut conn = inner.store.reader().await?;
    let state = execution::state(&mut conn, due.visit.workspace_id, due.execution.id).await?;
    let runs = |visit: &StepExecution| visit.id == due.visit.id && visit.status == StepStatus::Running;
    Ok(state.is_some_and(|(_, visits)| visits.iter().any(runs)))
}

/// What is to be done with a visit.
enum Prepared {
    Run(Box<StepRequest>, RetryPolicy),
    /// Its definition or step is no longer there.
    Gone,
    /// Its workspace was switched off.
    Disabled,
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

async fn prepare(inner: &Inner, due: &Due) -> Result<Prepared, StoreError> {
    let mut conn = inner.store.reader().await?;
    let Some(around) = step::load(&mut conn, &due.execution).await? else { return Ok(Prepared::Gone) };
    if around.disabled {
        return Ok(Prepared::Disabled);
    }
    let Some(found) = around.graph.step(due.visit.step_id) else { return Ok(Prepared::Gone) };
    let retry = found
        .retry
        .unwrap_or_else(|| inner.runner.default_retry(found.plugin, due.visit.workspace_id, &found.step_type));
    let mut request = step::request(due, found, &around, &inner.links, Mode::Live, inner.clock.now());
    request.context.about["step"]["retry"] = serde_json::to_value(retry).unwrap_or_default();
    Ok(Prepared::Run(Box::new(request), retry))
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
