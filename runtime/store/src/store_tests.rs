use std::time::Duration;

use futures_util::{FutureExt, poll};

use super::*;
use crate::sqlite::READERS;
use crate::{setting, sql};

async fn opened(limits: Limits) -> (Store, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", dir.path().join("stepwell.db").display());
    (Store::open_within(&url, limits, StoreOptions::default()).await.expect("a new database"), dir)
}

async fn note(store: &Store, name: &'static str) -> Result<(), StoreError> {
    let value = store.write(move |conn| Box::pin(async move { setting::get_or_create(conn, name, || vec![1]).await }));
    value.await.map(drop)
}

/// A job that the database accepts and whose commit it refuses.
async fn refused_at_commit(conn: &mut Conn) -> Result<(), StoreError> {
    sql::query("pragma defer_foreign_keys = on").execute(conn.db()).await?;
    let orphan =
        "insert into journal (execution_id, number, workspace_id, at, kind) values ('none', 1, 'none', 1, 'x')";
    sql::query(orphan).execute(conn.db()).await?;
    Ok(())
}

#[tokio::test]
async fn a_failed_commit_answers_every_job_with_an_error_and_keeps_nothing() {
    let (store, _dir) = opened(LIMITS).await;
    let (release, held) = oneshot::channel::<()>();
    let held = held.shared();
    let mut holding = Box::pin(store.write::<(), StoreError, _>(move |_| {
        Box::pin(async move {
            let _ = held.await;
            Ok(())
        })
    }));
    assert!(poll!(&mut holding).is_pending());
    while store.0.queue.length() > 0 {
        tokio::task::yield_now().await; // until the committer has taken it, alone
    }
    let mut innocent = Box::pin(note(&store, "innocent"));
    let mut guilty = Box::pin(store.write(|conn| Box::pin(refused_at_commit(conn))));
    assert!(poll!(&mut innocent).is_pending() && poll!(&mut guilty).is_pending());
    release.send(()).expect("the committer waits");
    assert!(holding.await.is_ok());
    assert!(matches!(innocent.await, Err(StoreError::NotCommitted(_))));
    assert!(matches!(guilty.await, Err(StoreError::NotCommitted(_))));
    let mut conn = store.reader().await.expect("a connection");
    assert_eq!(setting::get(&mut conn, "innocent").await.expect("read"), None);
    assert!(note(&store, "after").await.is_ok(), "the next batch has a sound connection");
}

#[tokio::test]
async fn a_lone_job_whose_commit_fails_is_told_so() {
    let (store, _dir) = opened(LIMITS).await;
    let answer = store.write(|conn| Box::pin(refused_at_commit(conn))).await;
    assert!(matches!(answer, Err(StoreError::NotCommitted(_))));
    assert!(note(&store, "after").await.is_ok());
}

#[tokio::test]
async fn more_writes_than_the_queue_holds_are_refused_as_overload() {
    let (store, _dir) =
        opened(Limits { queue: Bounds { all: 1, lane: 1 }, patience: Duration::from_millis(200) }).await;
    let (release, held) = oneshot::channel::<()>();
    let held = held.shared();
    let mut holding = Box::pin(store.write::<(), StoreError, _>(move |_| {
        Box::pin(async move {
            let _ = held.await;
            Ok(())
        })
    }));
    assert!(poll!(&mut holding).is_pending());
    while store.0.queue.length() > 0 {
        tokio::task::yield_now().await;
    }
    let mut queued = Box::pin(note(&store, "queued"));
    assert!(poll!(&mut queued).is_pending());
    assert!(matches!(note(&store, "one too many").await, Err(StoreError::Overloaded)));
    release.send(()).expect("the committer waits");
    assert!(holding.await.is_ok() && queued.await.is_ok());
}

#[tokio::test]
async fn more_readers_than_connections_are_refused_as_overload() {
    let (store, _dir) =
        opened(Limits { queue: Bounds { all: 1, lane: 1 }, patience: Duration::from_millis(200) }).await;
    let mut held = Vec::new();
    for _ in 0..READERS {
        held.push(store.reader().await.expect("a connection"));
    }
    assert!(matches!(store.reader().await, Err(StoreError::Overloaded)));
    held.pop();
    assert!(store.reader().await.is_ok());
}
