//! Recovery: visits that are due in the database but in nobody's memory, after a crash or because the queue was full.

use std::sync::Arc;
use std::time::Duration;

use stepwell_core::{StepExecution, Timestamp};
use stepwell_store::notify::{self, News};
use stepwell_store::{Conn, StoreError, claim, execution};

use crate::engine::Inner;
use crate::step::Due;

/// How many visits are loaded at a time.
const PAGE: i64 = 500;
/// How often the database is searched for forgotten work, whatever else happens.
const EVERY: Duration = Duration::from_secs(30);
/// After how long it is searched once a commit has failed: it may be stored all the same, with its answer lost, and nobody was told
/// what became due by it.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How often it is asked whether refused work has room now.
const SPILL_CHECK: Duration = Duration::from_millis(200);

/// How often within a lease other nodes are told that this one lives, and what silent ones held is taken over.
const HEARTBEATS: u32 = 4;

/// Tells other nodes that this one lives, and takes over what silent ones held, as far as there is room for it.
pub(crate) async fn beat(inner: &Inner) -> Result<usize, StoreError> {
    let (now, lease) = (inner.clock.now(), inner.store.lease());
    inner.store.write(move |conn| Box::pin(async move { claim::alive(conn, now, lease).await })).await?;
    let mut found = 0;
    loop {
        let room = inner.dispatcher.room(PAGE as usize);
        let taken = take_over(inner, room as i64).await?;
        found += taken.len();
        let last = taken.len() < room || room == 0;
        inner.dispatcher.take_up(taken);
        if last {
            return Ok(found);
        }
    }
}

async fn take_over(inner: &Inner, limit: i64) -> Result<Vec<Due>, StoreError> {
    let now = inner.clock.now();
    inner
        .store
        .write(move |conn| {
            Box::pin(async move {
                let taken = claim::take_over(conn, now, limit).await?;
                with_executions(conn, taken).await
            })
        })
        .await
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

/// Queues every visit that was running when the server stopped. What is queued or runs already is left alone.
pub(crate) async fn sweep(inner: &Inner) -> Result<usize, StoreError> {
    let mut after = None;
    let mut found = 0;
    loop {
        let mut conn = inner.store.reader().await?;
        let page = claim::running_all(&mut conn, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.id);
        let due = with_executions(&mut conn, page).await?;
        found += due.len();
        inner.dispatcher.add(due);
    }
}

/// Sweeps until the engine stops: soon after work was refused, and now and then in any case.
pub(crate) async fn run(inner: Arc<Inner>) {
    let (mut since, mut silent) = (Duration::ZERO, Duration::ZERO);
    let mut failed = inner.store.failed_commits();
    while !inner.stopping() {
        tokio::time::sleep(SPILL_CHECK).await;
        since += SPILL_CHECK;
        silent += SPILL_CHECK;
        let beats = silent >= inner.store.lease() / HEARTBEATS || inner.peers.take_left();
        if inner.store.is_shared() && beats {
            silent = Duration::ZERO;
            match beat(&inner).await {
                Ok(0) => {}
                Ok(steps) => tracing::warn!(steps, "took over what other nodes no longer run"),
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "telling that this node lives"),
            }
        }
        if let Err(error) = give_back(&inner).await {
            tracing::error!(error = &error as &dyn std::error::Error, "giving back what there is no room for");
        }
        let before = std::mem::replace(&mut failed, inner.store.failed_commits());
        if failed != before {
            since = EVERY - AFTER_FAILURE;
        }
        if (!inner.store.is_shared() && inner.dispatcher.take_spilled()) || since >= EVERY {
            since = Duration::ZERO;
            if let Err(error) = sweep(&inner).await {
                tracing::error!(error = &error as &dyn std::error::Error, "searching the database for due work");
                since = EVERY - AFTER_FAILURE;
            }
        }
    }
}

/// Marks visits that are due as running, and gives them with their executions.
pub(crate) async fn claim(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Due>, StoreError> {
    let claimed = claim::claim_due(conn, now, limit).await?;
    with_executions(conn, claimed).await
}

async fn with_executions(conn: &mut Conn, visits: Vec<StepExecution>) -> Result<Vec<Due>, StoreError> {
    let mut due = Vec::with_capacity(visits.len());
    for visit in visits {
        if let Some(execution) = execution::get(conn, visit.workspace_id, visit.execution_id).await? {
            due.push(Due { execution, visit });
        }
    }
    Ok(due)
}
