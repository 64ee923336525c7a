//! How nodes divide what is due, what each counts, and what they tell each other.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stepwell_core::flow::{PeopleChanges, TaskStatus};
use stepwell_core::{ExecutionId, Reentry, StepExecutionId, StepStatus};
use stepwell_store::notify::{self, News};
use stepwell_store::{Store, StoreError, claim, counter, execution, flow, wait};
use tokio::sync::Notify;

use crate::people::{about, next};
use crate::support::{Bed, NOW, completed, workspace, write};

async fn beside(bed: &Bed) -> Store {
    Store::open(&bed.url()).await.expect("the same database")
}

/// A visit that this node has given back, and its execution.
async fn given_back(bed: &Bed) -> (StepExecutionId, ExecutionId) {
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let visit = bed.state(run).await.1[0].id;
    let given: Result<(), StoreError> = write!(bed, |conn| claim::give_back(conn, &[visit], NOW).await);
    given.expect("given back");
    (visit, run)
}

async fn take(store: &Store, limit: i64) -> Vec<StepExecutionId> {
    let taken =
        store.write(move |conn| Box::pin(async move { claim::claim_due(conn, workspace(), NOW, limit).await })).await;
    taken.map_err(|error: StoreError| error).expect("taken").iter().map(|visit| visit.id).collect()
}

#[tokio::test]
async fn what_a_node_gives_back_another_takes_and_what_it_does_not_hold_it_cannot_give() {
    let bed = Bed::new().await;
    let other = beside(&bed).await;
    let (visit, run) = given_back(&bed).await;
    assert_eq!(take(&other, 9).await, [visit]);
    let again: Result<(), StoreError> = write!(bed, |conn| claim::give_back(conn, &[visit], NOW).await);
    assert!(again.is_ok());
    assert!(take(&bed.store, 9).await.is_empty());
    assert_eq!(bed.state(run).await.1[0].status, StepStatus::Running);
}

/// Holds what `job` locks until it is told to end.
macro_rules! holding {
    ($store:expr, $job:expr) => {{
        let (holds, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (held, end, store) = (holds.clone(), release.clone(), $store);
        let task = tokio::spawn(async move {
            let done: Result<usize, StoreError> = store
                .write(move |conn| {
                    Box::pin(async move {
                        let taken = $job(conn).await?.len();
                        held.notify_one();
                        end.notified().await;
                        Ok(taken)
                    })
                })
                .await;
            done.expect("stored")
        });
        holds.notified().await;
        (task, release)
    }};
}

#[tokio::test]
async fn nobody_waits_for_due_visits_that_another_node_is_taking() {
    let bed = Bed::new().await;
    let other = beside(&bed).await;
    let both = [given_back(&bed).await.0, given_back(&bed).await.0];
    let (taking, release) = holding!(bed.store.clone(), async |conn| claim::claim_due(conn, workspace(), NOW, 1).await);
    let theirs = tokio::time::timeout(Duration::from_secs(5), take(&other, 9)).await.expect("at once");
    release.notify_one();
    assert_eq!((taking.await.expect("the other job"), theirs.len()), (1, 1));
    assert!(both.contains(&theirs[0]) && take(&other, 9).await.is_empty());
}

#[tokio::test]
async fn nobody_waits_for_due_waits_that_another_node_is_ending() {
    let bed = Bed::new().await;
    let other = beside(&bed).await;
    let stored = bed.definition(Reentry::Always).await;
    for _ in 0..2 {
        let run = bed.started(&stored, None).await;
        bed.wait(run, None, Some(NOW)).await;
    }
    let (taking, release) = holding!(bed.store.clone(), async |conn| wait::take_due(conn, NOW, 1).await);
    let theirs = other.write(|conn| Box::pin(async move { wait::take_due(conn, NOW, 9).await }));
    let theirs: Result<_, StoreError> = tokio::time::timeout(Duration::from_secs(5), theirs).await.expect("at once");
    release.notify_one();
    assert_eq!((taking.await.expect("the other job"), theirs.expect("taken").len()), (1, 1));
}

#[tokio::test]
async fn each_node_counts_for_itself_and_the_sum_is_shown() {
    let bed = Bed::new().await;
    let other = beside(&bed).await;
    let stored = bed.definition(Reentry::Always).await;
    for n in 0..6 {
        let run = bed.started(&stored, None).await;
        let changes = bed.decide(run, completed(json!(n))).await;
        let store = if n % 2 == 0 { &bed.store } else { &other };
        let done: Result<(), StoreError> = store
            .write(move |conn| Box::pin(async move { stepwell_store::execution::apply(conn, &changes).await }))
            .await;
        done.expect("stored");
    }
    let counts = counter::of(&mut bed.read().await, workspace(), stored.id, None).await.expect("read");
    assert!(counts.iter().any(|step| step.count.completed == 6), "{counts:?}");
}

#[tokio::test]
async fn news_is_heard_by_all_nodes_of_a_schema_and_in_no_other_once_it_is_committed() {
    let (bed, elsewhere) = (Bed::new().await, Bed::new().await);
    let other = beside(&bed).await;
    let mut near = other.listen().await.expect("listening").expect("on PostgreSQL");
    let mut far = elsewhere.store.listen().await.expect("listening").expect("on PostgreSQL");
    let failed: Result<(), StoreError> = bed
        .store
        .write(|conn| {
            Box::pin(async move {
                notify::tell(conn, News::Work).await?;
                Err(StoreError::AlreadyExists)
            })
        })
        .await;
    assert!(failed.is_err());
    let told: Result<(), StoreError> = write!(bed, |conn| notify::tell(conn, News::Plugins).await);
    told.expect("told");
    let told: Result<(), StoreError> = write!(elsewhere, |conn| notify::tell(conn, News::Work).await);
    told.expect("told");
    assert_eq!((near.next().await.expect("heard"), far.next().await.expect("heard")), (News::Plugins, News::Work));
}

/// A commit that has a task watch an entity asks, after it has stored that, whether it knew the entity as it is. A change of the
/// entity either comes before that question or finds the task; the two never miss each other.
#[tokio::test]
async fn a_change_of_an_entity_waits_for_a_commit_that_begins_to_watch_it() {
    let bed = Bed::new().await;
    let other = beside(&bed).await;
    let changes = bed.flow("One", vec![about("order", "o1")]).await;
    let visit = bed.wait(changes.execution.id, None, Some(NOW.plus_millis(1_000))).await;
    let mut first = changes.people.as_deref().expect("people").tasks[0].clone();
    first.status = TaskStatus::ConditionPending;
    let (of, _) = bed.state(changes.execution.id).await;
    let watch = next(of.clone(), PeopleChanges { tasks: vec![first], ..PeopleChanges::default() });
    let (holding, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (held, end, store) = (holding.clone(), release.clone(), bed.store.clone());
    let watching = tokio::spawn(async move {
        let current: Result<bool, StoreError> = store
            .write(move |conn| {
                Box::pin(async move {
                    execution::apply(conn, &watch).await?;
                    let current = flow::is_current(conn, &of, &[about("order", "o1")], &[]).await?;
                    held.notify_one();
                    end.notified().await;
                    Ok(current)
                })
            })
            .await;
        current.expect("stored")
    });
    holding.notified().await;
    let later = NOW.plus_millis(1);
    let nudged = tokio::spawn(async move {
        let nudged: Result<u64, StoreError> = other
            .write(move |conn| {
                Box::pin(async move { wait::nudge_watchers(conn, workspace(), "order", "o1", later).await })
            })
            .await;
        nudged.expect("stored")
    });
    tokio::task::yield_now().await;
    assert!(!nudged.is_finished(), "it has to wait");
    release.notify_one();
    assert_eq!((watching.await.expect("the other job"), nudged.await.expect("told")), (true, 1));
    let stored = wait::get(&mut bed.read().await, workspace(), visit).await.expect("read").expect("waits");
    assert!(stored.ended_by.is_some());
}
