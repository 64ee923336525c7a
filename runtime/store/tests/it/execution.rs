//! Executions: all rows of a decision or none, and who may enter.

use serde_json::json;
use stepwell_core::{
    ExecutionStatus, Failure, Follow, Input, JournalKind, Outcome, Reentry, Start, StepStatus, Transition, Wake, start,
};
use stepwell_store::{StoreError, counter, execution, journal, wait};

use crate::support::{Bed, NOW, completed, graph, waiting, workspace};

#[tokio::test]
async fn what_is_stored_is_read_back_the_same() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let changes = bed.start(&stored, Some(ada));
    assert!(bed.insert(changes.clone()).await.expect("stored"));
    let bed = bed.reopened().await;
    let (found, open) = bed.state(changes.execution.id).await;
    assert_eq!((&found, &open[..]), (&changes.execution, &changes.visits[1..]));
    let mut conn = bed.read().await;
    assert_eq!(execution::visits(&mut conn, workspace(), found.id).await.expect("read"), changes.visits);
    assert_eq!(journal::page(&mut conn, workspace(), found.id, 0, 99).await.expect("read"), changes.journal);
}

#[tokio::test]
async fn a_fenced_decision_changes_nothing() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let stored = bed.definition(Reentry::Once).await;
    let run = bed.started(&stored, Some(ada)).await;
    let late = bed.decide(run, completed(json!({"by": "the slow one"}))).await;
    bed.settle(run, waiting(Some("opened"), None)).await;
    let before = bed.state(run).await;
    let entries = journal::page(&mut bed.read().await, workspace(), run, 0, 99).await.expect("read");
    let counts = counter::of(&mut bed.read().await, workspace(), stored.id, None).await.expect("read");
    assert!(matches!(bed.apply(late).await, Err(StoreError::Fenced(id)) if id == run));
    assert_eq!(bed.state(run).await, before);
    let mut conn = bed.read().await;
    assert_eq!(journal::page(&mut conn, workspace(), run, 0, 99).await.expect("read"), entries);
    assert_eq!(counter::of(&mut conn, workspace(), stored.id, None).await.expect("read"), counts);
    assert!(wait::get(&mut conn, workspace(), before.1[0].id).await.expect("read").is_some());
}

#[tokio::test]
async fn of_two_racing_starts_of_one_contact_one_enters() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let (one, other) = (bed.start(&stored, Some(ada)), bed.start(&stored, Some(ada)));
    let refused_id = [one.execution.id, other.execution.id];
    let (one, other) = tokio::join!(bed.insert(one), bed.insert(other));
    let entered = [one.expect("answered"), other.expect("answered")];
    assert_eq!(entered.iter().filter(|entered| **entered).count(), 1);
    let refused = refused_id[usize::from(entered[0])];
    let mut conn = bed.read().await;
    assert!(execution::visits(&mut conn, workspace(), refused).await.expect("read").is_empty());
    assert_eq!(execution::active_count(&mut conn, workspace(), stored.id).await.expect("read"), 1);
}

#[tokio::test]
async fn a_contact_enters_again_where_the_rule_allows_it() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    for (rule, again) in [(Reentry::Once, false), (Reentry::OneActive, true), (Reentry::Always, true)] {
        let stored = bed.definition(rule).await;
        let first = bed.started(&stored, Some(ada)).await;
        let meanwhile = bed.insert(bed.start(&stored, Some(ada))).await.expect("answered");
        assert_eq!(meanwhile, rule == Reentry::Always);
        bed.settle(first, Outcome::Exited { reason: None }).await;
        assert_eq!(bed.insert(bed.start(&stored, Some(ada))).await.expect("answered"), again, "{rule:?}");
    }
}

#[tokio::test]
async fn a_retry_is_refused_while_somebody_else_holds_the_key() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::OnceUnlessFailed).await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let failed = bed.started(&stored, Some(ada)).await;
    bed.settle(failed, Outcome::Failed(Failure::fatal("bad", "it is bad"))).await;
    bed.started(&stored, Some(ada)).await;
    let mut conn = bed.read().await;
    let run = execution::get(&mut conn, workspace(), failed).await.expect("read").expect("there");
    let visit = execution::failed_visit(&mut conn, workspace(), failed).await.expect("read").expect("there");
    let changes = bed.advance(&run, &[visit], Input::Retried);
    assert!(matches!(bed.apply(changes).await, Err(StoreError::ReentryRefused(id)) if id == stored.id));
    assert_eq!(bed.state(failed).await.0.status, ExecutionStatus::Failed);
}

#[tokio::test]
async fn a_wait_is_there_until_it_is_over() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let run = bed.started(&stored, None).await;
    let visit = bed.wait(run, Some("opened"), Some(NOW)).await;
    let found = wait::get(&mut bed.read().await, workspace(), visit).await.expect("read").expect("a wait");
    assert_eq!((found.execution_id, found.due_at), (run, Some(NOW)));
    let (execution, visits) = bed.state(run).await;
    let woken = bed.advance(&execution, &visits, Input::Woken { visit, wake: Wake::Timer });
    bed.apply(woken).await.expect("stored");
    assert_eq!(wait::get(&mut bed.read().await, workspace(), visit).await.expect("read"), None);
    assert_eq!(bed.state(run).await.1[0].wake, Some(Wake::Timer));
}

#[tokio::test]
async fn a_visit_that_wakes_and_waits_again_in_one_commit_has_its_new_wait() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let stored = bed.definition(Reentry::Once).await;
    let run = bed.started(&stored, Some(ada)).await;
    let visit = bed.wait(run, Some("opened"), None).await;
    let (execution, visits) = bed.state(run).await;
    let wake = Wake::Task(json!("done"));
    let mut woken = bed.advance(&execution, &visits, Input::Woken { visit, wake });
    let settled = Input::Settled {
        visit,
        run: woken.visits[0].run(),
        outcome: waiting(Some("clicked"), None),
        plugin: None,
        retry: stepwell_core::RetryPolicy::NONE,
        spread: 0.0,
    };
    let again = bed.advance(&woken.execution, &woken.visits, settled);
    woken.execution = again.execution;
    woken.visits.extend(again.visits);
    woken.waits.extend(again.waits);
    woken.journal.extend(again.journal);
    bed.apply(woken).await.expect("stored");
    let found = wait::get(&mut bed.read().await, workspace(), visit).await.expect("read").expect("a wait");
    assert_eq!(found.event.map(|event| event.name).as_deref(), Some("clicked"));
    assert_eq!(bed.state(run).await.1[0].status, StepStatus::Waiting);
}

#[tokio::test]
async fn outputs_come_in_the_order_of_the_visits() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let run = bed.started(&stored, None).await;
    bed.settle(run, completed(json!({"n": 1}))).await;
    bed.settle(run, completed(json!(null))).await;
    let outputs = execution::outputs(&mut bed.read().await, workspace(), run).await.expect("read");
    let steps: Vec<_> = outputs.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, graph().steps.iter().map(|step| step.id).collect::<Vec<_>>());
    assert_eq!((&outputs[1].1, &outputs[2].1), (&json!({"n": 1}), &json!(null)));
    assert_eq!(bed.state(run).await.0.status, ExecutionStatus::Completed);
}

#[tokio::test]
async fn an_execution_with_several_paths_is_read_as_it_was_stored() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let mut forked = graph();
    forked.steps[0].follow = Follow::All;
    let second = Transition { id: bed.id(), to: forked.steps[2].id, ..forked.transitions[0].clone() };
    forked.transitions.push(second);
    let changes = start(&stored, &forked, Start::default(), &bed.given()).expect("a trigger");
    assert_eq!((changes.ready().count(), changes.execution.marking.is_empty()), (2, false));
    let run = changes.execution.id;
    assert!(bed.insert(changes.clone()).await.expect("stored"));
    let (execution, visits) = bed.state(run).await;
    assert_eq!((&execution, visits), (&changes.execution, changes.visits[1..].to_vec()));
    let failed = Outcome::Failed(Failure::fatal("bad", "it is bad"));
    bed.settle(run, failed).await;
    let (ended, visits) = bed.state(run).await;
    assert_eq!((ended.status, visits.len()), (ExecutionStatus::Failed, 0));
    assert_ne!(ended.marking, execution.marking);
}

#[tokio::test]
async fn the_journal_is_read_from_where_the_reader_is() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Once).await;
    let run = bed.started(&stored, None).await;
    bed.settle(run, completed(json!({}))).await;
    let rest = journal::page(&mut bed.read().await, workspace(), run, 2, 99).await.expect("read");
    assert_eq!(
        rest.iter().map(|entry| (entry.number, entry.kind)).collect::<Vec<_>>(),
        [(3, JournalKind::StepCompleted), (4, JournalKind::StepScheduled)]
    );
}

#[tokio::test]
async fn counters_say_what_became_of_the_visits_to_each_step() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let [trigger, first, second] = [0, 1, 2].map(|at| graph().steps[at].id);
    let (one, other, third) =
        (bed.started(&stored, None).await, bed.started(&stored, None).await, bed.started(&stored, None).await);
    bed.settle(one, completed(json!({}))).await;
    bed.settle(other, Outcome::Failed(Failure::fatal("bad", "it is bad"))).await;
    let (execution, visits) = bed.state(third).await;
    let cancelled = bed.advance(&execution, &visits, Input::Cancelled { reason: "enough".into() });
    bed.apply(cancelled).await.expect("stored");
    let counts = counter::of(&mut bed.read().await, workspace(), stored.id, Some(1)).await.expect("read");
    let of = |step| counts.iter().find(|found| found.step_id == step).map(|found| found.count).expect("counted");
    assert_eq!((of(trigger).entered, of(trigger).completed), (3, 3));
    assert_eq!((of(first).entered, of(first).completed, of(first).failed, of(first).skipped), (3, 1, 1, 1));
    assert_eq!((of(second).entered, of(second).completed), (1, 0));
    assert!(counter::of(&mut bed.read().await, workspace(), stored.id, Some(2)).await.expect("read").is_empty());
}

#[tokio::test]
async fn executions_are_listed_newest_first_and_by_status() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(bed.started(&stored, None).await);
    }
    bed.settle(ids[1], Outcome::Exited { reason: None }).await;
    ids.reverse();
    let mut conn = bed.read().await;
    let mut seen = Vec::new();
    for page in 1..=3 {
        let page = execution::page(&mut conn, workspace(), stored.id, &[], page, 2).await.expect("page");
        assert_eq!(page.total, 5);
        seen.extend(page.items.iter().map(|item| item.id));
    }
    assert_eq!(seen, ids);
    let ended = [ExecutionStatus::Exited, ExecutionStatus::Failed];
    let page = execution::page(&mut conn, workspace(), stored.id, &ended, 1, 20).await.expect("page");
    assert_eq!((page.total, page.items[0].id), (1, ids[3]));
    let far = execution::page(&mut conn, workspace(), stored.id, &[], u32::MAX, u32::MAX).await.expect("page");
    assert!(far.items.is_empty());
}

#[tokio::test]
async fn active_executions_are_counted_by_the_step_they_stand_on() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let [_, first, second] = [0, 1, 2].map(|at| graph().steps[at].id);
    let one = bed.started(&stored, None).await;
    let other = bed.started(&stored, None).await;
    bed.settle(one, completed(json!({}))).await;
    bed.settle(other, Outcome::Exited { reason: None }).await;
    let mut conn = bed.read().await;
    let on = async |conn: &mut _, steps: &[_]| {
        execution::active_on_steps(conn, workspace(), stored.id, steps).await.expect("count")
    };
    assert_eq!(on(&mut conn, &[first]).await, 0);
    assert_eq!(on(&mut conn, &[first, second]).await, 1);
    assert_eq!(on(&mut conn, &[]).await, 0);
    assert_eq!(execution::active_ids(&mut conn, workspace(), stored.id, 9).await.expect("ids"), [one]);
}
