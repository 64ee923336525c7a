//! Tasks of the inbox: who is first does them, and what was done is as durable as any step.

use serde_json::{Value, json};
use stepwell_core::flow::{ActRefused, TaskStatus};
use stepwell_core::{Call, ExecutionStatus, Outcome, Reentry, StepReport, TaskId, WaitRequest, Wake};
use stepwell_engine::{EngineError, TaskDeed};
use stepwell_store::task::{self, InboxQuery, InboxTask};
use uuid::Uuid;

use crate::bench::{Bench, completed};

/// Asks a person, and completes with what was entered.
fn asks(bench: &Bench) {
    bench.answer("ask", |request| match &request.call {
        Call::Resume { wake: Wake::Task(entered), .. } => StepReport::of(completed(entered.clone())),
        _ => StepReport::of(Outcome::Waiting(WaitRequest { task: Some(json!({})), ..WaitRequest::default() })),
    });
}

async fn tasks(bench: &Bench) -> Vec<InboxTask> {
    let query = InboxQuery { limit: 100, ..InboxQuery::default() };
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    task::inbox(&mut conn, bench.workspace, &query).await.expect("the inbox").0
}

fn complete(output: Value) -> TaskDeed {
    TaskDeed::Complete { output, branch: None }
}

#[tokio::test]
async fn of_many_who_complete_a_task_at_once_one_does_and_the_others_see_that_it_is_done() {
    let bench = Bench::new().await;
    asks(&bench);
    let bench = bench.run().await;
    let id = bench.define(&["ask", "after"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    let task = tasks(&bench).await[0].task.id;
    let people: Vec<String> = (0..20).map(|n| format!("person-{n}")).collect();
    let deeds =
        people.iter().map(|by| bench.engine.act_on_task(bench.workspace, task, by, complete(json!({ "by": by }))));
    let results = futures_util::future::join_all(deeds).await;
    let done: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
    assert_eq!(done.len(), 1);
    let late = |result: &Result<InboxTask, EngineError>| {
        matches!(result, Err(EngineError::Act(ActRefused::TaskDone { status: TaskStatus::Completed })))
    };
    assert_eq!(results.iter().filter(|result| late(result)).count(), 19, "{results:?}");
    let ended = bench.until(id, ExecutionStatus::Completed).await;
    let by = done[0].task.data.times.completed_by.clone().expect("somebody");
    let visits = bench.visits(&ended).await;
    let outputs: Vec<_> = visits.iter().filter_map(|visit| visit.output.clone()).collect();
    assert!(outputs.contains(&json!({ "by": by })), "{outputs:?}");
    assert_eq!(bench.ran(), ["ask", "ask", "after"]);
    assert_eq!(tasks(&bench).await, []);
}

#[tokio::test]
async fn a_task_of_an_execution_that_was_cancelled_is_not_to_be_done_any_more() {
    let bench = Bench::new().await;
    asks(&bench);
    let bench = bench.run().await;
    let id = bench.define(&["ask"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let run = bench.until(id, ExecutionStatus::Waiting).await;
    let task = tasks(&bench).await[0].task.id;
    bench.engine.cancel(bench.workspace, id, run.id, "enough").await.expect("a cancel");
    assert_eq!(tasks(&bench).await, []);
    let late = bench.engine.act_on_task(bench.workspace, task, "ada", complete(Value::Null)).await;
    assert!(matches!(late, Err(EngineError::Act(ActRefused::TaskDone { status: TaskStatus::Skipped }))), "{late:?}");
}

#[tokio::test]
async fn what_was_said_and_given_is_in_the_journal_and_leaves_the_execution_where_it_is() {
    let bench = Bench::new().await;
    asks(&bench);
    let bench = bench.run().await;
    let id = bench.define(&["ask"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let run = bench.until(id, ExecutionStatus::Waiting).await;
    let task = tasks(&bench).await[0].task.id;
    let assign = TaskDeed::Assign(vec!["bob".into()]);
    let given = bench.engine.act_on_task(bench.workspace, task, "ada", assign).await.expect("assigned");
    assert_eq!((&given.assignees[..], given.task.status), (&["bob".to_owned()][..], TaskStatus::Pending));
    let said = bench.engine.comment(bench.workspace, task, "ada", "hello".into()).await.expect("a comment");
    assert_eq!((said.author.as_str(), said.text.as_str()), ("ada", "hello"));
    let journal = bench.journal(&run).await;
    let kinds: Vec<_> = journal.iter().rev().take(2).map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["task-commented", "task-assigned"]);
    assert!(journal.windows(2).all(|pair| pair[1].number == pair[0].number + 1));
    bench.engine.act_on_task(bench.workspace, task, "ada", complete(json!({}))).await.expect("completed");
    bench.until(id, ExecutionStatus::Completed).await;
    let unknown = bench.engine.comment(bench.workspace, TaskId(Uuid::nil()), "ada", "hello".into()).await;
    assert!(matches!(unknown, Err(EngineError::UnknownTask(_))), "{unknown:?}");
}

#[tokio::test]
async fn a_task_that_was_completed_goes_on_after_a_crash() {
    let bench = Bench::new().await;
    asks(&bench);
    let bench = bench.run().await;
    let id = bench.define(&["ask"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    let task = tasks(&bench).await[0].task.id;
    let bench = bench.crash().await;
    asks(&bench);
    bench.engine.act_on_task(bench.workspace, task, "ada", complete(json!({ "ok": 1 }))).await.expect("completed");
    let bench = bench.crash().await;
    asks(&bench);
    let bench = bench.run().await;
    let ended = bench.until(id, ExecutionStatus::Completed).await;
    assert!(bench.visits(&ended).await.iter().any(|visit| visit.output == Some(json!({ "ok": 1 }))));
}
