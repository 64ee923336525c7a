//! Retention.

use std::time::Duration;

use serde_json::{Value, json};
use stepwell_core::{Event, Failure, Input, JournalEntry, JournalKind, Outcome, Reentry, Timestamp};
use stepwell_store::prune::{Batch, Pruned};
use stepwell_store::workspace::{self, Retention, Workspace};
use stepwell_store::{StoreError, definition, event, execution, journal, prune};

use crate::support::{Bed, NOW, completed, graph, stranger, workspace, write};

/// A batch of so many rows, however long it takes.
pub(crate) fn batch(rows: u64) -> Batch {
    Batch { rows, time: Duration::from_secs(60) }
}

pub(crate) async fn pruned(bed: &Bed, before: Timestamp, rows: u64) -> u64 {
    let pruned: Result<Pruned, StoreError> =
        write!(bed, |conn| prune::executions(conn, workspace(), before, batch(rows)).await);
    pruned.expect("pruned").deleted
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
    while rest.last().is_none_or(|last: &Pruned| last.more) {
        let batch: Result<Pruned, StoreError> = write!(bed, |conn| prune::deleted_definitions(conn, batch(60)).await);
        rest.push(batch.expect("pruned"));
    }
    let deleted: u64 = rest.iter().map(|batch| batch.deleted).sum();
    assert!((100..1_100).contains(&deleted) && rest.iter().all(|batch| batch.deleted <= 60), "{rest:?}");
    assert_eq!(execution::get(&mut bed.read().await, workspace(), last).await.expect("read"), None);
}

#[tokio::test]
async fn old_events_go_and_young_ones_stay() {
    let bed = Bed::new().await;
    let events = [0, 10, 20].map(|after| Event {
        id: bed.id(),
        workspace_id: workspace(),
        name: "signed_up".into(),
        contact_id: None,
        message_id: None,
        data: Value::Null,
        created_at: NOW.plus_millis(after),
    });
    let deleted: Result<_, StoreError> = write!(bed, |conn| {
        for stored in &events {
            event::insert(conn, stored).await?;
        }
        let of_others = prune::events(conn, stranger(), NOW.plus_millis(15), batch(9)).await?;
        Ok([of_others, prune::events(conn, workspace(), NOW.plus_millis(15), batch(9)).await?])
    });
    assert_eq!(deleted.expect("deleted").map(|pruned| (pruned.deleted, pruned.more)), [(0, false), (2, false)]);
    let left = event::recent(&mut bed.read().await, workspace(), None, 9).await.expect("read");
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn nothing_of_another_workspace_is_counted_or_goes() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    bed.settle(run, Outcome::Exited { reason: None }).await;
    let mut conn = bed.read().await;
    assert_eq!(prune::ended(&mut conn, stranger()).await.ok(), Some(0));
    assert_eq!(prune::oldest(&mut conn, stranger()).await.ok(), Some(None));
    let later = NOW.plus_millis(1);
    let of_others: Result<Pruned, StoreError> =
        write!(bed, |conn| prune::executions(conn, stranger(), later, batch(9)).await);
    assert_eq!(of_others.ok(), Some(Pruned { deleted: 0, more: false }));
    assert_eq!(prune::ended(&mut conn, workspace()).await.ok(), Some(1));
    assert_eq!(prune::oldest(&mut conn, workspace()).await.ok(), Some(Some(NOW)));
}

#[tokio::test]
async fn those_that_ended_first_go_first() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let mut runs = Vec::new();
    for after in [30, 10, 20] {
        let run = bed.started(&stored, None).await;
        let mut changes = bed.decide(run, Outcome::Exited { reason: None }).await;
        changes.execution.completed_at = Some(NOW.plus_millis(after));
        bed.apply(changes).await.expect("stored");
        runs.push(run);
    }
    assert_eq!(pruned(&bed, Timestamp(i64::MAX), 2).await, 2);
    let mut conn = bed.read().await;
    for (run, kept) in runs.into_iter().zip([true, false, false]) {
        assert_eq!(execution::get(&mut conn, workspace(), run).await.expect("read").is_some(), kept);
    }
}

#[tokio::test]
async fn a_batch_that_has_had_its_time_says_that_there_is_more() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    bed.settle(run, Outcome::Exited { reason: None }).await;
    let none = Batch { rows: 9, time: Duration::ZERO };
    let later = NOW.plus_millis(1);
    let late: Result<Pruned, StoreError> = write!(bed, |conn| prune::executions(conn, workspace(), later, none).await);
    assert_eq!(late.ok(), Some(Pruned { deleted: 0, more: true }));
    assert_eq!(pruned(&bed, later, 9).await, 1);
}

#[tokio::test]
async fn an_execution_with_a_very_long_journal_goes_in_parts() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let mut changes = bed.decide(run, Outcome::Exited { reason: None }).await;
    let first = changes.journal[0].number;
    let entry = |number| JournalEntry { number, kind: JournalKind::StepCheckpointed, ..changes.journal[0].clone() };
    let entries: Vec<_> = (first..first + 9_000).map(entry).collect();
    changes.execution.journal_length = entries.last().expect("an entry").number;
    changes.journal = entries;
    bed.apply(changes).await.expect("stored");
    // A moment is enough for one part, not for all.
    let brief = Batch { rows: 9, time: Duration::from_micros(1) };
    let later = NOW.plus_millis(1);
    let mut parts = 0;
    while execution::get(&mut bed.read().await, workspace(), run).await.expect("read").is_some() {
        let part: Result<Pruned, StoreError> =
            write!(bed, |conn| prune::executions(conn, workspace(), later, brief).await);
        assert!(part.is_ok_and(|part| part.more || part.deleted == 1));
        parts += 1;
    }
    assert!(parts >= 5, "{parts} parts");
    assert!(journal::page(&mut bed.read().await, workspace(), run, 0, 9).await.expect("read").is_empty());
}

#[tokio::test]
async fn a_version_goes_when_another_followed_long_ago_and_no_execution_is_pinned_to_it() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let id = stored.id;
    let run = bed.started(&stored, None).await;
    bed.settle(run, completed(json!(1))).await;
    let saved: Result<(), StoreError> = write!(bed, |conn| {
        for version in 1..4 {
            let at = NOW.plus_millis(i64::from(version) * 10);
            definition::save_graph(conn, workspace(), id, version, &graph(), at).await?;
        }
        Ok(())
    });
    assert!(saved.is_ok());
    let mut conn = bed.read().await;
    let (at, after) = (NOW.plus_millis(30), NOW.plus_millis(31));
    let unused = prune::unused_versions(&mut conn, workspace(), at).await.expect("read");
    assert_eq!(unused, [(id, vec![2])], "1 is used, 3 was followed at 30, 4 is the newest");
    let unused = prune::unused_versions(&mut conn, workspace(), after).await.expect("read");
    assert_eq!(unused, [(id, vec![2, 3])]);
    assert!(prune::unused_versions(&mut conn, stranger(), after).await.expect("read").is_empty());
    let deleted: Result<u64, StoreError> = write!(bed, |conn| prune::versions(conn, workspace(), id, &[2, 3, 4]).await);
    assert_eq!(deleted.ok(), Some(2), "the newest is never deleted");
}

#[tokio::test]
async fn a_workspace_may_keep_more_or_less_than_the_others() {
    let bed = Bed::new().await;
    let shop = Workspace { id: workspace(), name: "Shop".into(), disabled: false, created_at: NOW, updated_at: NOW };
    let kept = Retention { days: Some(7), executions: Some(0) };
    let set: Result<_, StoreError> = write!(bed, |conn| {
        workspace::insert(conn, &shop, b"secret").await?;
        let before = workspace::retention(conn).await?;
        let unknown = workspace::set_retention(conn, stranger(), kept, NOW).await?;
        Ok((before, unknown, workspace::set_retention(conn, workspace(), kept, NOW).await?))
    });
    assert_eq!(set.ok(), Some((vec![(workspace(), Retention::default())], false, true)));
    assert_eq!(workspace::retention(&mut bed.read().await).await.ok(), Some(vec![(workspace(), kept)]));
}
