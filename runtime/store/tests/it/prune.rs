//! Retention.

use serde_json::Value;
use stepwell_core::{Event, Failure, Input, Outcome, Reentry, Timestamp};
use stepwell_store::workspace::{self, Workspace};
use stepwell_store::{StoreError, definition, event, execution, prune};

use crate::support::{Bed, NOW, workspace, write};

pub(crate) async fn pruned(bed: &Bed, before: Timestamp, limit: i64) -> u64 {
    let pruned: Result<u64, StoreError> = write!(bed, |conn| prune::executions(conn, before, limit).await);
    pruned.expect("pruned")
}

#[tokio::test]
async fn ended_executions_go_in_bounded_batches_and_running_ones_stay() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(bed.started(&stored, None).await);
    }
    for run in &runs[..3] {
        bed.settle(*run, Outcome::Exited { reason: None }).await;
    }
    assert_eq!(pruned(&bed, NOW, 2).await, 0, "nothing is older than itself");
    let later = NOW.plus_millis(1);
    assert_eq!([pruned(&bed, later, 2).await, pruned(&bed, later, 2).await], [2, 1]);
    let mut conn = bed.read().await;
    assert!(execution::visits(&mut conn, workspace(), runs[0]).await.expect("read").is_empty());
    assert_eq!(execution::visits(&mut conn, workspace(), runs[3]).await.expect("read").len(), 2);
}

#[tokio::test]
async fn once_still_means_once_after_the_execution_is_gone() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let run = bed.started(&stored, Some(ada)).await;
    bed.settle(run, Outcome::Exited { reason: None }).await;
    assert_eq!(pruned(&bed, NOW.plus_millis(1), 9).await, 1);
    assert!(!bed.insert(bed.start(&stored, Some(ada))).await.expect("answered"));
    let other = bed.definition(Reentry::Once).await;
    assert!(bed.insert(bed.start(&other, Some(ada))).await.expect("answered"));
}

#[tokio::test]
async fn a_retry_is_refused_to_a_contact_that_went_through_meanwhile_and_was_pruned() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::OnceUnlessFailed).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let failed = bed.started(&stored, Some(ada)).await;
    bed.settle(failed, Outcome::Failed(Failure::fatal("bad", "it is bad"))).await;
    let visit = execution::failed_visit(&mut bed.read().await, workspace(), failed).await.expect("read");
    let retry = bed.advance(&bed.state(failed).await.0, &[visit.expect("there")], Input::Retried);
    let through = bed.start(&stored, Some(ada));
    let run = through.execution.id;
    assert!(bed.insert(through).await.expect("answered"));
    bed.settle(run, Outcome::Exited { reason: None }).await;
    assert_eq!(pruned(&bed, NOW.plus_millis(1), 9).await, 2);
    // The failed one comes back as if it had been younger than the age of retention.
    let mut stands = retry.clone();
    stands.expected = None;
    stands.execution.reentry_key = None;
    stands.execution.row_version = retry.expected.expect("stored before");
    assert!(bed.insert(stands).await.expect("answered"));
    assert!(matches!(bed.apply(retry).await, Err(StoreError::ReentryRefused(id)) if id == stored.id));
}

#[tokio::test]
async fn executions_of_a_large_deleted_definition_go_in_batches() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let all: Vec<_> = (0..1_100).map(|_| bed.start(&stored, None)).collect();
    let last = all[1_099].execution.id;
    let done: Result<(), StoreError> = write!(bed, |conn| {
        for changes in &all {
            execution::insert(conn, changes).await?;
        }
        Ok(())
    });
    assert!(done.is_ok());
    let deleted: Result<bool, StoreError> =
        write!(bed, |conn| definition::delete(conn, workspace(), stored.id, NOW).await);
    assert_eq!(deleted.ok(), Some(true));
    let mut rest = Vec::new();
    for _ in 0..3 {
        let batch: Result<u64, StoreError> = write!(bed, |conn| prune::deleted_definitions(conn, 60).await);
        rest.push(batch.expect("pruned"));
    }
    assert_eq!(rest, [60, 40, 0]);
    assert_eq!(execution::get(&mut bed.read().await, workspace(), last).await.expect("read"), None);
}

#[tokio::test]
async fn old_events_go_and_young_ones_stay() {
    let bed = Bed::new().await;
    let shop = Workspace { id: workspace(), name: "Shop".into(), disabled: false, created_at: NOW, updated_at: NOW };
    let events = [0, 10, 20].map(|after| Event {
        id: bed.id(),
        workspace_id: workspace(),
        name: "signed_up".into(),
        contact_id: None,
        message_id: None,
        data: Value::Null,
        created_at: NOW.plus_millis(after),
    });
    let deleted: Result<u64, StoreError> = write!(bed, |conn| {
        workspace::insert(conn, &shop, b"secret").await?;
        for stored in &events {
            event::insert(conn, stored).await?;
        }
        prune::events(conn, NOW.plus_millis(15), 9).await
    });
    assert_eq!(deleted.ok(), Some(2));
    let left = event::recent(&mut bed.read().await, workspace(), None, 9).await.expect("read");
    assert_eq!(left.len(), 1);
}
