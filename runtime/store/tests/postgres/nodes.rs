//! Several nodes write to one database at the same time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use stepwell_core::{ContactChange, ContactId, MergeRule, Reentry};
use stepwell_store::{Store, StoreError, StoreOptions, claim, contact, execution, idempotency, setting};
use tokio::sync::Notify;

use crate::support::{Bed, NOW, completed, workspace, write};

async fn beside(bed: &Bed) -> Store {
    Store::open(&bed.url()).await.expect("the same database")
}

fn mark(name: &str) -> ContactChange {
    let data = json!({ name: true }).as_object().cloned().expect("an object");
    ContactChange { data, merge: MergeRule::Intake, subscribed: None }
}

/// Writes into both contacts, in this order, in one job.
async fn mark_both(store: &Store, contacts: [ContactId; 2], name: String) -> Result<(), StoreError> {
    store
        .write(move |conn| {
            Box::pin(async move {
                for id in contacts {
                    contact::apply_change(conn, workspace(), id, &mark(&name), NOW).await?;
                }
                Ok(())
            })
        })
        .await
}

#[tokio::test]
async fn jobs_that_lock_the_same_rows_in_opposite_order_all_go_through_and_nothing_is_lost() {
    let bed = Bed::new().await;
    let (ada, bob) = (bed.contact(workspace(), "ada@x.org").await, bed.contact(workspace(), "bob@x.org").await);
    let other = beside(&bed).await;
    let here = (0..40).map(|n| mark_both(&bed.store, [ada, bob], format!("here{n}")));
    let there = (0..40).map(|n| mark_both(&other, [bob, ada], format!("there{n}")));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    assert!(here.iter().chain(&there).all(Result::is_ok), "{here:?} {there:?}");
    for id in [ada, bob] {
        let found = contact::get(&mut bed.read().await, workspace(), id).await.expect("read").expect("a contact");
        assert_eq!(found.data.len(), 80);
    }
}

#[tokio::test]
async fn a_batch_that_waits_for_another_node_is_done_again_and_its_failing_job_still_fails_alone() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@x.org").await;
    let other = beside(&bed).await;
    let (holds, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (held, end) = (Arc::clone(&holds), Arc::clone(&release));
    let holding = tokio::spawn(async move {
        let job = other.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move {
                contact::apply_change(conn, workspace(), ada, &mark("held"), NOW).await?;
                held.notify_one();
                end.notified().await;
                Ok(())
            })
        });
        job.await
    });
    holds.notified().await;
    let blocked = mark_both(&bed.store, [ada, ada], "blocked".into());
    let refused = bed.store.write::<(), _, _>(|_| Box::pin(async { Err(StoreError::AlreadyExists) }));
    let fine = bed.store.write(|conn| Box::pin(setting::get_or_create(conn, "fine", || vec![1])));
    let later = async {
        tokio::time::sleep(Duration::from_millis(400)).await; // longer than a batch waits for a lock
        release.notify_one();
    };
    let (blocked, refused, fine, ()) = tokio::join!(blocked, refused, fine, later);
    assert!(blocked.is_ok() && matches!(refused, Err(StoreError::AlreadyExists)));
    assert_eq!(Result::<_, StoreError>::ok(fine), Some(vec![1]));
    assert!(holding.await.is_ok_and(|held| held.is_ok()));
    let found = contact::get(&mut bed.read().await, workspace(), ada).await.expect("read").expect("a contact");
    assert_eq!(found.data.len(), 2);
}

#[tokio::test]
async fn of_two_decisions_about_one_version_the_second_is_fenced() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let (mine, theirs) = (bed.decide(run, completed(json!(1))).await, bed.decide(run, completed(json!(2))).await);
    let other = beside(&bed).await;
    let theirs = other.write(move |conn| Box::pin(async move { execution::apply(conn, &theirs).await }));
    let (mine, theirs) = tokio::join!(bed.apply(mine), theirs);
    let fenced = [mine, theirs].iter().filter(|end| matches!(end, Err(StoreError::Fenced(id)) if *id == run)).count();
    assert_eq!(fenced, 1);
}

#[tokio::test]
async fn a_key_of_two_nodes_is_taken_by_one() {
    let bed = Bed::new().await;
    let other = beside(&bed).await;
    let begin = |store: Store| async move {
        let begun = store.write(|conn| {
            Box::pin(async move { idempotency::begin(conn, workspace(), "k", "POST /v1/track", NOW, 1_000).await })
        });
        begun.await.map_err(|error: StoreError| error)
    };
    let all = join_all((0..20).map(|n| begin(if n % 2 == 0 { bed.store.clone() } else { other.clone() }))).await;
    let fresh = all.iter().filter(|begun| matches!(begun, Ok(idempotency::Begun::Fresh))).count();
    assert_eq!((fresh, all.iter().filter(|begun| begun.is_ok()).count()), (1, 20));
}

#[tokio::test]
async fn one_contact_may_enter_once_whichever_node_it_comes_to() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let ada = bed.contact(workspace(), "ada@x.org").await;
    let other = beside(&bed).await;
    let starts = (0..20).map(|n| {
        let (changes, store) = (bed.start(&stored, Some(ada)), if n % 2 == 0 { &bed.store } else { &other });
        store.write(move |conn| Box::pin(async move { execution::insert(conn, &changes).await }))
    });
    let all: Vec<Result<bool, StoreError>> = join_all(starts).await;
    assert_eq!(all.iter().filter(|start| matches!(start, Ok(true))).count(), 1);
    assert_eq!(all.iter().filter(|start| matches!(start, Ok(false))).count(), 19);
}

#[tokio::test]
async fn what_a_node_holds_is_taken_over_once_it_is_silent_and_no_sooner() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let visit = bed.state(run).await.1[0].id;
    let other = beside(&bed).await;
    let beat: Result<(), StoreError> = write!(bed, |conn| claim::alive(conn, NOW, StoreOptions::default().lease).await);
    assert!(beat.is_ok());
    let mut taken = Vec::new();
    for after in [claim::LEASE_MS - 1, claim::LEASE_MS, claim::LEASE_MS] {
        let now = NOW.plus_millis(after);
        let over: Result<_, StoreError> =
            other.write(move |conn| Box::pin(async move { claim::take_over(conn, now, 9).await })).await;
        taken.push(over.expect("asked").len());
    }
    assert_eq!(taken, [0, 1, 0]);
    let mine: Result<bool, StoreError> = write!(bed, |conn| claim::holds(conn, visit).await);
    let theirs: Result<bool, StoreError> =
        other.write(move |conn| Box::pin(async move { claim::holds(conn, visit).await })).await;
    assert_eq!((mine.ok(), theirs.ok()), (Some(false), Some(true)));
}
