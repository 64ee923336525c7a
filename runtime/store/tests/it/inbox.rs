//! Steps that wait for a person, in the inbox.

use serde_json::json;
use stepwell_core::flow::{Surface, TaskStatus};
use stepwell_core::{ExecutionId, Input, Outcome, Reentry, TaskId, Timestamp, WaitRequest, Wake};
use stepwell_store::task::{self, InboxQuery, InboxTask};

use crate::support::{Bed, workspace};

/// A stored execution whose first step waits for a person.
async fn asked(bed: &Bed, about: serde_json::Value) -> ExecutionId {
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    bed.settle(run, Outcome::Waiting(WaitRequest { task: Some(about), ..WaitRequest::default() })).await;
    run
}

async fn inbox(bed: &Bed, query: InboxQuery) -> Vec<InboxTask> {
    let query = InboxQuery { limit: 10, ..query };
    task::inbox(&mut bed.read().await, workspace(), &query).await.expect("read").0
}

async fn found(bed: &Bed, id: TaskId) -> InboxTask {
    task::find(&mut bed.read().await, workspace(), id).await.expect("read").expect("a task")
}

#[tokio::test]
async fn a_step_that_waits_for_a_person_is_in_the_inbox_of_whom_it_names() {
    let bed = Bed::new().await;
    let about = json!({ "title": "Call", "assignees": ["ada"], "dueDate": "2026-02-03T00:00:00Z" });
    let run = asked(&bed, about.clone()).await;
    let all = inbox(&bed, InboxQuery::default()).await;
    let [only] = &all[..] else { panic!("{all:?}") };
    assert_eq!((only.task.name.as_str(), only.task.surface), ("Call", Surface::Workflow));
    assert_eq!((only.task.execution_id, only.visit.map(|visit| visit.0)), (run, Some(only.task.id.0)));
    assert_eq!((&only.assignees[..], &only.request), (&["ada".to_owned()][..], &Some(about)));
    let of = |person: &str| InboxQuery { assignee: Some(person.to_owned()), ..InboxQuery::default() };
    assert_eq!(inbox(&bed, of("ada")).await, all);
    assert_eq!(inbox(&bed, of("bob")).await, []);
    let late = InboxQuery { due_before: Some(Timestamp(1_800_000_000_000)), ..InboxQuery::default() };
    assert_eq!(inbox(&bed, late).await, all);
}

#[tokio::test]
async fn a_task_whose_wait_ends_by_itself_is_left_out_and_nobodys() {
    let bed = Bed::new().await;
    let run = asked(&bed, json!({ "assignees": ["ada"] })).await;
    let id = inbox(&bed, InboxQuery::default()).await[0].task.id;
    let (execution, visits) = bed.state(run).await;
    bed.apply(bed.advance(&execution, &visits, Input::Cancelled { reason: "enough".into() })).await.expect("stored");
    assert_eq!(inbox(&bed, InboxQuery::default()).await, []);
    let after = found(&bed, id).await;
    assert_eq!((after.task.status, after.task.current_since), (TaskStatus::Skipped, None));
    assert_eq!((&after.assignees[..], after.request), (&[][..], None));
}

#[tokio::test]
async fn what_is_stored_of_who_did_it_goes_before_that() {
    let bed = Bed::new().await;
    let run = asked(&bed, json!({})).await;
    let task = inbox(&bed, InboxQuery::default()).await.remove(0).task;
    let (execution, visits) = bed.state(run).await;
    let entered = json!({ "ok": true });
    let woken = Input::Woken { visit: visits[0].id, wake: Wake::Task(entered.clone()) };
    let mut changes = bed.advance(&execution, &visits, woken);
    let done = task.clone().ended(TaskStatus::Completed, "ada", &entered, &bed.given());
    changes.people.get_or_insert_default().tasks.push(done);
    bed.apply(changes).await.expect("stored");
    let after = found(&bed, task.id).await.task;
    assert_eq!((after.status, after.data.times.completed_by.as_deref()), (TaskStatus::Completed, Some("ada")));
    assert_eq!(after.data.result, Some(entered));
}

#[tokio::test]
async fn a_step_that_asks_again_is_to_be_done_again() {
    let bed = Bed::new().await;
    let run = asked(&bed, json!({ "title": "First" })).await;
    let (execution, visits) = bed.state(run).await;
    let woken = Input::Woken { visit: visits[0].id, wake: Wake::Task(json!({})) };
    bed.apply(bed.advance(&execution, &visits, woken)).await.expect("stored");
    assert_eq!(inbox(&bed, InboxQuery::default()).await, []);
    let again = WaitRequest { task: Some(json!({ "title": "Second" })), ..WaitRequest::default() };
    bed.settle(run, Outcome::Waiting(again)).await;
    let all = inbox(&bed, InboxQuery::default()).await;
    assert_eq!((all.len(), all[0].task.name.as_str(), all[0].task.status), (1, "Second", TaskStatus::Pending));
}
