//! Group commit: what one job may do to others.

use std::sync::Arc;

use futures_util::{FutureExt, poll};
use stepwell_core::ContactChange;
use stepwell_store::{Store, StoreError, contact, setting};
use tokio::sync::{Notify, oneshot};

use crate::support::{Bed, NOW, workspace, write};

/// Holds the committer until the sender is used, so that jobs queued meanwhile share a transaction.
async fn held(store: &Store) -> oneshot::Sender<()> {
    let (release, held) = oneshot::channel::<()>();
    let held = held.shared();
    let begun = Arc::new(Notify::new());
    let began = Arc::clone(&begun);
    let store = store.clone();
    tokio::spawn(async move {
        store
            .write::<(), StoreError, _>(move |_| {
                Box::pin(async move {
                    began.notify_one();
                    let _ = held.await;
                    Ok(())
                })
            })
            .await
    });
    begun.notified().await;
    release
}

/// Stores a setting, then answers `end`: an error for any error.
async fn note(store: &Store, name: &'static str, end: Result<(), StoreError>) -> Result<(), StoreError> {
    let fails = end.is_err();
    store
        .write(move |conn| {
            Box::pin(async move {
                setting::get_or_create(conn, name, || vec![1]).await?;
                if fails { Err(StoreError::AlreadyExists) } else { Ok(()) }
            })
        })
        .await
}

async fn exists(bed: &Bed, name: &str) -> bool {
    setting::get(&mut bed.read().await, name).await.expect("read").is_some()
}

#[tokio::test]
async fn a_failing_job_is_rolled_back_alone() {
    let bed = Bed::new().await;
    let release = held(&bed.store).await;
    let mut first = Box::pin(note(&bed.store, "first", Ok(())));
    let mut second = Box::pin(note(&bed.store, "second", Err(StoreError::AlreadyExists)));
    let mut third = Box::pin(note(&bed.store, "third", Ok(())));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
    release.send(()).expect("the committer waits");
    assert!(first.await.is_ok());
    assert!(matches!(second.await, Err(StoreError::AlreadyExists)));
    assert!(third.await.is_ok());
    assert_eq!(
        [exists(&bed, "first").await, exists(&bed, "second").await, exists(&bed, "third").await],
        [true, false, true]
    );
}

#[tokio::test]
async fn a_job_that_the_database_refuses_does_not_harm_the_batch() {
    let bed = Bed::new().await;
    bed.contact(workspace(), "ada@example.org").await;
    let other = bed.contact(workspace(), "bob@example.org").await;
    let release = held(&bed.store).await;
    let mut refused = Box::pin(bed.store.write(move |conn| {
        Box::pin(async move { contact::update_email(conn, workspace(), other, "ada@example.org", NOW).await })
    }));
    let mut fine = Box::pin(note(&bed.store, "fine", Ok(())));
    assert!(poll!(&mut refused).is_pending() && poll!(&mut fine).is_pending());
    release.send(()).expect("the committer waits");
    assert!(matches!(refused.await, Err(StoreError::EmailTaken(_))));
    assert!(fine.await.is_ok() && exists(&bed, "fine").await);
}

#[tokio::test]
async fn a_lone_job_that_fails_leaves_nothing() {
    let bed = Bed::new().await;
    assert!(note(&bed.store, "alone", Err(StoreError::AlreadyExists)).await.is_err());
    assert!(!exists(&bed, "alone").await);
}

#[tokio::test]
async fn a_panicking_job_is_rolled_back_and_the_committer_goes_on() {
    let bed = Bed::new().await;
    let panicked: Result<(), StoreError> = write!(bed, |conn| {
        setting::get_or_create(conn, "gone", || vec![1]).await?;
        panic!("a bug")
    });
    assert!(matches!(panicked, Err(StoreError::Panicked)));
    assert!(!exists(&bed, "gone").await);
    assert!(note(&bed.store, "after", Ok(())).await.is_ok());
}

#[tokio::test]
async fn what_a_reader_sees_is_committed_as_soon_as_the_write_returns() {
    let bed = Bed::new().await;
    for name in ["a", "b", "c"] {
        note(&bed.store, name, Ok(())).await.expect("written");
        assert!(exists(&bed, name).await);
    }
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let bed = Bed::new().await;
    let mut conn = bed.read().await;
    let refused =
        contact::upsert(&mut conn, workspace(), "a@example.org", &ContactChange::default(), true, bed.id(), NOW).await;
    assert!(matches!(refused, Err(StoreError::Database(_))));
}

#[tokio::test]
async fn a_write_nobody_waits_for_any_more_is_not_begun() {
    let bed = Bed::new().await;
    let release = held(&bed.store).await;
    let mut abandoned = Box::pin(note(&bed.store, "abandoned", Ok(())));
    assert!(poll!(&mut abandoned).is_pending());
    drop(abandoned);
    release.send(()).expect("the committer waits");
    note(&bed.store, "next", Ok(())).await.expect("written");
    assert!(!exists(&bed, "abandoned").await);
}

#[tokio::test]
async fn closing_finishes_what_waits_and_refuses_the_rest() {
    let bed = Bed::new().await;
    let release = held(&bed.store).await;
    let mut waiting = Box::pin(note(&bed.store, "waiting", Ok(())));
    assert!(poll!(&mut waiting).is_pending());
    release.send(()).expect("the committer waits");
    bed.store.close().await;
    assert!(waiting.await.is_ok());
    assert!(matches!(note(&bed.store, "late", Ok(())).await, Err(StoreError::Closed)));
    assert!(matches!(bed.store.reader().await, Err(StoreError::Closed)));
    assert!(exists(&bed.reopened().await, "waiting").await);
}

#[tokio::test]
async fn a_database_that_is_let_go_without_closing_has_all_that_was_written() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let bed = bed.reopened().await;
    let found = contact::get(&mut bed.read().await, workspace(), ada).await.expect("read");
    assert_eq!(found.map(|contact| contact.email), Some("ada@example.org".to_owned()));
}

#[tokio::test]
async fn a_url_of_something_else_is_refused_by_name() {
    assert!(matches!(Store::open("mysql://localhost").await, Err(StoreError::BadUrl(_))));
    assert!(matches!(Store::open("sqlite:///nowhere/at/all.db").await, Err(StoreError::Open { .. })));
}

#[tokio::test]
async fn two_processes_may_write_to_one_database() {
    let bed = Bed::new().await;
    let other = Store::open(&bed.url()).await.expect("the same database");
    let names = ["a", "b", "c", "d", "e", "f"];
    for pair in names.chunks(2) {
        let (here, there) = tokio::join!(note(&bed.store, pair[0], Ok(())), note(&other, pair[1], Ok(())));
        assert!(here.is_ok() && there.is_ok());
    }
    for name in names {
        assert!(exists(&bed, name).await);
    }
}

#[tokio::test]
async fn closing_twice_is_closing_once() {
    let bed = Bed::new().await;
    tokio::join!(bed.store.close(), bed.store.close());
    assert!(matches!(note(&bed.store, "late", Ok(())).await, Err(StoreError::Closed)));
}
