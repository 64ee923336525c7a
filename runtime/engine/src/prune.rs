//! Retention: deletes ended executions after a set age and whatever has outlived its use, in bounded batches.

use std::sync::Arc;
use std::time::Duration;

use stepwell_store::{Conn, StoreError, idempotency, prune};

use crate::engine::Inner;

/// How many rows one commit deletes.
const BATCH: i64 = 500;
/// How many free pages are given back to the file system after a batch.
const PAGES: u32 = 2_000;
/// How often retention looks.
const EVERY: Duration = Duration::from_secs(60);

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    while !inner.stopping() {
        if let Err(error) = pass(&inner).await {
            tracing::error!(error = &error as &dyn std::error::Error, "deleting what is past its age");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Deletes batch by batch until nothing is left that is too old.
async fn pass(inner: &Inner) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let age = inner.retention.map(|age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let before = age.map(|age| now.plus_millis(-age));
    while !inner.stopping() {
        let deleted = inner.store.write(move |conn| Box::pin(async move { batch(conn, before, now).await })).await?;
        if deleted == 0 {
            return Ok(());
        }
        inner.store.write(|conn| Box::pin(async move { prune::give_back(conn, PAGES).await })).await?;
    }
    Ok(())
}

async fn batch(
    conn: &mut Conn,
    before: Option<stepwell_core::Timestamp>,
    now: stepwell_core::Timestamp,
) -> Result<u64, StoreError> {
    let mut deleted = idempotency::purge(conn, now, BATCH).await?;
    deleted += prune::deleted_definitions(conn, BATCH).await?;
    if let Some(before) = before {
        deleted += prune::executions(conn, before, BATCH).await?;
        deleted += prune::events(conn, before, BATCH).await?;
        deleted += prune::messages(conn, before, BATCH).await?;
    }
    Ok(deleted)
}
