//! Waits that something else ends: the end of a child, a change of an entity.

use serde_json::json;
use stepwell_core::flow::{Armed, PeopleChanges, Task, TaskStatus};
use stepwell_core::{Changes, DefinitionKind, ExecutionId, ReceivedEvent, StepExecutionId, Timestamp, Wake};
use stepwell_store::{StoreError, wait};

use crate::people::about;
use crate::support::{Bed, NOW, stranger, workspace, write};

const LATER: Timestamp = Timestamp(NOW.0 + 5);

fn ended(by: &str) -> Wake {
    Wake::Event(ReceivedEvent {
        id: uuid::Uuid::nil().into(),
        name: by.into(),
        data: json!({"n": 1}),
        received_at: NOW,
    })
}

async fn nudge(bed: &Bed, visit: StepExecutionId, foreign: bool, wake: Wake) -> bool {
    let whose = if foreign { stranger() } else { workspace() };
    let done: Result<bool, StoreError> = write!(bed, |conn| wait::nudge(conn, whose, visit, &wake, NOW).await);
    done.expect("answered")
}

async fn changed(bed: &Bed, schema: &'static str, id: &'static str, now: Timestamp) -> u64 {
    let done: Result<u64, StoreError> =
        write!(bed, |conn| wait::nudge_watchers(conn, workspace(), schema, id, now).await);
    done.expect("answered")
}

/// The visits whose waits are over at `NOW` and what ended them.
async fn due(bed: &Bed, now: Timestamp) -> Vec<(StepExecutionId, Option<Wake>)> {
    let due: Result<Vec<_>, StoreError> = write!(bed, |conn| wait::take_due(conn, now, 99).await);
    due.expect("read").into_iter().map(|wait| (wait.step_execution_id, wait.ended_by)).collect()
}

/// A flow that stands on a task of this status, and waits.
async fn waiting(bed: &Bed, entity: &str, status: TaskStatus) -> (Changes, StepExecutionId) {
    let template = bed.template(DefinitionKind::Flow).await;
    let changes = bed.begun(bed.begin(&template, "One", vec![about("order", entity)])).await;
    let visit = bed.wait(changes.execution.id, None, Some(NOW.plus_millis(1_000))).await;
    let first = changes.people.as_deref().expect("people").tasks[0].clone();
    stand(bed, changes.execution.id, Task { status, ..first }).await;
    (changes, visit)
}

async fn stand(bed: &Bed, execution: ExecutionId, task: Task) {
    bed.change(execution, PeopleChanges { tasks: vec![task], ..PeopleChanges::default() }).await.expect("stored");
}

#[tokio::test]
async fn a_nudged_wait_is_due_at_once_with_what_ended_it_and_the_last_nudge_counts() {
    let bed = Bed::new().await;
    let (_, visit) = waiting(&bed, "o1", TaskStatus::Pending).await;
    assert!(due(&bed, NOW).await.is_empty());
    assert!(!nudge(&bed, visit, true, ended("foreign")).await && !nudge(&bed, bed.id(), false, ended("none")).await);
    assert!(nudge(&bed, visit, false, ended("child.ended")).await);
    assert_eq!(due(&bed, NOW).await, [(visit, Some(ended("child.ended")))]);
    assert!(nudge(&bed, visit, false, ended("again")).await);
    let stored = wait::get(&mut bed.read().await, workspace(), visit).await.expect("read").expect("waits");
    assert_eq!((stored.ended_by, stored.due_at), (Some(ended("again")), Some(NOW)));
}

#[tokio::test]
async fn a_wait_that_ends_by_time_was_ended_by_nothing_else() {
    let bed = Bed::new().await;
    let (_, visit) = waiting(&bed, "o1", TaskStatus::Pending).await;
    assert_eq!(due(&bed, NOW.plus_millis(1_000)).await, [(visit, None)]);
}

#[tokio::test]
async fn a_change_of_an_entity_wakes_the_tasks_that_watch_it_and_no_others() {
    let bed = Bed::new().await;
    let (_, watching) = waiting(&bed, "o1", TaskStatus::ConditionPending).await;
    waiting(&bed, "o1", TaskStatus::Pending).await;
    waiting(&bed, "o2", TaskStatus::ConditionPending).await;
    let (left, _) = waiting(&bed, "o1", TaskStatus::ConditionPending).await;
    let first = left.people.as_deref().expect("people").tasks[0].clone();
    stand(&bed, left.execution.id, Task { status: TaskStatus::ConditionPending, current_since: None, ..first }).await;
    assert_eq!(changed(&bed, "ticket", "o1", LATER).await, 0);
    assert_eq!(changed(&bed, "order", "o1", LATER).await, 1);
    let due = due(&bed, LATER).await;
    let [(visit, Some(Wake::Event(event)))] = &due[..] else { panic!("{due:?}") };
    assert_eq!((*visit, &*event.name, event.received_at), (watching, "entity.changed", LATER));
    assert_eq!(event.data, json!({"schema": "order", "id": "o1"}));
    assert_eq!(changed(&bed, "order", "o1", LATER).await, 0, "it has been told already");
}

#[tokio::test]
async fn a_change_leaves_alone_what_began_to_wait_after_it_and_what_something_else_has_ended() {
    let bed = Bed::new().await;
    let (_, visit) = waiting(&bed, "o1", TaskStatus::ConditionPending).await;
    assert_eq!(changed(&bed, "order", "o1", Timestamp(NOW.0 - 1)).await, 0);
    assert!(nudge(&bed, visit, false, ended("child.ended")).await);
    assert_eq!(changed(&bed, "order", "o1", LATER).await, 0);
    assert_eq!(due(&bed, LATER).await, [(visit, Some(ended("child.ended")))]);
}

#[tokio::test]
async fn a_schedule_watches_an_entity_only_if_it_counts_from_a_date_of_one() {
    let bed = Bed::new().await;
    let (changes, _) = waiting(&bed, "o1", TaskStatus::Pending).await;
    let mut first = changes.people.as_deref().expect("people").tasks[0].clone();
    first.status = TaskStatus::Scheduled;
    first.data.armed = Some(Armed { id: Some("s1".into()), at: Some(LATER), error: None });
    stand(&bed, changes.execution.id, first).await;
    assert_eq!(changed(&bed, "order", "o1", LATER).await, 0);
}

#[tokio::test]
async fn nothing_of_another_workspace_is_woken() {
    let bed = Bed::new().await;
    waiting(&bed, "o1", TaskStatus::ConditionPending).await;
    let done: Result<u64, StoreError> =
        write!(bed, |conn| wait::nudge_watchers(conn, stranger(), "order", "o1", LATER).await);
    assert_eq!(done.ok(), Some(0));
    assert!(due(&bed, NOW).await.is_empty());
}
