//! The dispatcher: takes due visits from the queue in turn, runs each through the plugin host, stores what it did, and queues
//! what became due by it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stepwell_core::{Failure, Input, Mode, Outcome, RetryPolicy, StepExecutionId, StepReport, WorkspaceId};
use stepwell_store::StoreError;
use stepwell_store::backlog::Queued;
use tokio::sync::{Notify, Semaphore};

use crate::chain::Chain;
use crate::commit::Settled;
use crate::control;
use crate::engine::Inner;
use crate::nodes;
use crate::queue::{FairQueue, Place, Ticket};
use crate::step::{self, Due, Surroundings};

/// How long to wait before a write that the database refused for want of room is tried again.
const STORE_PAUSE: Duration = Duration::from_millis(200);

/// Why executions of a workspace that is switched off end.
const DISABLED: &str = "Project disabled";

/// Due work and who may run it.
pub(crate) struct Dispatcher {
    queue: Mutex<FairQueue>,
    /// Work was added, or a run ended.
    pub(crate) changed: Notify,
    /// There is room for work that only the database knows.
    pub(crate) low: Notify,
    /// So much runs that it matters how much.
    pub(crate) busy: Notify,
    /// What was refused for want of room, where other nodes may have room for it.
    refused: Option<Mutex<HashSet<StepExecutionId>>>,
    pub(crate) slots: Arc<Semaphore>,
    concurrency: usize,
}

impl Dispatcher {
    /// `shared`: with other nodes.
    pub(crate) fn new(concurrency: usize, queue_limit: usize, shared: bool) -> Self {
        Self {
            queue: Mutex::new(FairQueue::new(queue_limit, concurrency)),
            changed: Notify::new(),
            low: Notify::new(),
            busy: Notify::new(),
            refused: shared.then(Mutex::default),
            slots: Arc::new(Semaphore::new(concurrency)),
            concurrency,
        }
    }

    fn queue(&self) -> MutexGuard<'_, FairQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues work that a commit made due. What there is no room for is found in the database later, or given to other nodes.
    pub(crate) fn add(&self, due: impl IntoIterator<Item = Ticket>) {
        let mut queue = self.queue();
        for ticket in due {
            let queued = queue.push(ticket);
            if !queued && self.refused.is_none() {
                queue.is_behind(ticket.workspace);
            }
            self.note(ticket.visit, queued);
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

    /// Queues work for which there was [room](Self::room) or a [reserve](Self::reserves) when it was asked for.
    pub(crate) fn take_up(&self, due: impl IntoIterator<Item = impl Into<Ticket>>) {
        let mut queue = self.queue();
        due.into_iter().for_each(|due| queue.push_anyway(due.into()));
        drop(queue);
        self.changed.notify_one();
    }

    /// For how much of what waits in the database there is room, up to `most`: also where new work finds none.
    pub(crate) fn room(&self, most: usize) -> usize {
        self.queue().spare().min(most)
    }

    /// For how much of it there is room for each of these workspaces, up to `most` for all together. Without those that have none.
    pub(crate) fn reserves(&self, workspaces: Vec<WorkspaceId>, most: usize) -> Vec<(WorkspaceId, usize)> {
        let queue = self.queue();
        let each = (most / workspaces.len().max(1)).max(1);
        let rooms = workspaces.into_iter().map(|workspace| (workspace, queue.reserve(workspace).min(each)));
        rooms.filter(|(_, room)| *room > 0).collect()
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

    /// Says that the database may have work of these workspaces, for this node, that is not queued.
    pub(crate) fn are_behind(&self, workspaces: Vec<WorkspaceId>) {
        let mut queue = self.queue();
        workspaces.into_iter().for_each(|workspace| queue.is_behind(workspace));
    }

    /// See [`FairQueue::behind`].
    pub(crate) fn behind(&self) -> Vec<(WorkspaceId, Place, usize)> {
        self.queue().behind()
    }

    /// See [`FairQueue::found`].
    pub(crate) fn found(&self, workspace: WorkspaceId, found: &[Queued], all: bool) -> usize {
        let new = self.queue().found(workspace, found, all);
        self.changed.notify_one();
        new
    }

    /// How much is queued, and how much runs.
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.queue().len(), self.concurrency - self.slots.available_permits())
    }

    fn take(&self) -> Option<Ticket> {
        let mut queue = self.queue();
        let taken = queue.pop()?;
        if queue.runs_low(taken.workspace) {
            self.low.notify_one();
        }
        if queue.is_busy() {
            self.busy.notify_one();
        }
        Some(taken)
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.queue().is_busy()
    }

    /// See [`FairQueue::measured`].
    pub(crate) fn measured(&self, late_by: Duration) {
        if self.queue().measured(late_by) {
            self.changed.notify_one();
        }
    }

    /// A run has ended: its workspace may run another.
    fn done(&self, ticket: &Ticket) {
        self.queue().done(ticket);
        self.changed.notify_one();
    }
}

/// Runs due work until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let Ok(permit) = inner.dispatcher.slots.clone().acquire_owned().await else { return };
        let ticket = loop {
            if inner.stopping() {
                return;
            }
            match inner.dispatcher.take() {
                Some(ticket) => break ticket,
                None => inner.dispatcher.changed.notified().await,
            }
        };
        let inner = inner.clone();
        tokio::spawn(async move {
            one(&inner, ticket).await;
            drop(permit);
        });
    }
}

async fn one(inner: &Arc<Inner>, ticket: Ticket) {
    match attempt(inner, &ticket).await {
        Ok(Some(settled)) => {
            inner.dispatcher.done(&ticket);
            inner.announce(settled);
        }
        Ok(None) => put_back(inner, ticket).await,
        Err(error) => {
            let Ticket { visit, execution, .. } = ticket;
            tracing::error!(%visit, %execution, error = &error as &dyn std::error::Error, "storing a step");
            put_back(inner, ticket).await;
        }
    }
}

/// Back into the queue after a pause. The step's idempotency key stays the same, so running it again does no harm.
async fn put_back(inner: &Arc<Inner>, ticket: Ticket) {
    tokio::time::sleep(STORE_PAUSE).await;
    inner.dispatcher.queue().put_back(ticket);
    inner.dispatcher.changed.notify_one();
}

/// Runs a visit, and what can run with it before a commit, and stores what they did; `None` if it is to run again: the host had
/// no room, or the database could not be read.
async fn attempt(inner: &Arc<Inner>, ticket: &Ticket) -> Result<Option<Settled>, StoreError> {
    let Some(mut chain) = Chain::load(inner, ticket).await? else { return Ok(Some(Settled::default())) };
    if chain.around.head.disabled {
        return cancel(inner, *ticket).await.map(Some);
    }
    loop {
        let (due, troubles) = (chain.due(), inner.store.troubles());
        let (report, retry) = run_step(inner, &chain.around, &due).await;
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

pub(crate) async fn run_step(inner: &Inner, around: &Surroundings, due: &Due) -> (StepReport, RetryPolicy) {
    let ran = run_known(inner, around, due).await;
    if nodes::may_be_behind(inner, &ran.0).await { run_known(inner, around, due).await } else { ran }
}

/// Runs a step with the plugins that this node knows.
async fn run_known(inner: &Inner, around: &Surroundings, due: &Due) -> (StepReport, RetryPolicy) {
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
async fn cancel(inner: &Arc<Inner>, ticket: Ticket) -> Result<Settled, StoreError> {
    let stamp = inner.stamp();
    inner
        .store
        .write(move |conn| {
            Box::pin(async move {
                let input = Input::Cancelled { reason: DISABLED.to_owned() };
                control::change(conn, ticket.workspace, ticket.execution, input, &stamp).await
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
