//! What is due, what waits, and what fires.

use serde_json::json;
use stepwell_core::{ExecutionId, Failure, Input, Reentry, RetryPolicy, StepStatus, Timestamp};
use stepwell_store::{StoreError, backlog, claim, definition, schedule, wait};

use crate::support::{Bed, NOW, stranger, workspace, write};

/// Makes the open visit fail so that it is pending until later.
async fn try_later(bed: &Bed, run: ExecutionId) -> Timestamp {
    let (execution, visits) = bed.state(run).await;
    let outcome = stepwell_core::Outcome::Failed(Failure::passing("busy", "busy"));
    let retry = RetryPolicy { max_attempts: 3, initial_delay_ms: 1_000, max_delay_ms: 1_000, multiplier: 1.0 };
    let (visit, run) = (visits[0].id, visits[0].run());
    let input = Input::Settled { visit, run, outcome, plugin: None, retry, spread: 1.0 };
    let changes = bed.advance(&execution, &visits, input);
    bed.apply(changes).await.expect("stored");
    NOW.plus_millis(1_000)
}

#[tokio::test]
async fn a_pending_visit_is_ready_at_its_time_and_claimed_once() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, None).await;
    let at = try_later(&bed, run).await;
    let mut conn = bed.read().await;
    assert_eq!(claim::next_due(&mut conn).await.expect("read"), Some(at));
    assert!(claim::ready(&mut conn, at.plus_millis(-1), 9).await.expect("read").is_empty());
    let ready = claim::ready(&mut conn, at, 9).await.expect("read");
    assert_eq!((ready.len(), ready[0].execution_id, ready[0].attempt), (1, run, 2));
    let ids = vec![ready[0].id];
    let again = ids.clone();
    let claimed: Result<_, StoreError> = write!(bed, |conn| claim::claim(conn, &ids, at).await);
    assert_eq!(claimed.expect("claimed").iter().map(|visit| visit.status).collect::<Vec<_>>(), [StepStatus::Running]);
    let claimed: Result<_, StoreError> = write!(bed, |conn| claim::claim(conn, &again, at).await);
    assert!(claimed.expect("claimed").is_empty());
    assert_eq!(claim::next_due(&mut conn).await.expect("read"), None);
}

#[tokio::test]
async fn what_ran_when_the_server_stopped_is_found_page_by_page() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let stored = bed.definition(Reentry::Always).await;
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(bed.started(&stored, Some(ada)).await);
    }
    bed.wait(runs[2], Some("opened"), None).await;
    let bed = bed.reopened().await;
    let taken: Result<_, StoreError> = write!(bed, |conn| claim::take_over(conn, NOW, 99).await);
    assert_eq!(taken.expect("taken over").len(), if bed.store.is_shared() { 4 } else { 0 });
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = backlog::of(&mut bed.read().await, workspace(), after, 2).await.expect("page");
        let Some(last) = page.last() else { break };
        after = Some((last.run_at, last.id));
        found.extend(page.iter().map(|queued| queued.execution_id));
    }
    runs.remove(2);
    assert_eq!(found, runs);
    let mut conn = bed.read().await;
    assert_eq!(backlog::held(&mut conn).await.expect("read"), [workspace()]);
    assert!(backlog::of(&mut conn, stranger(), None, 9).await.expect("page").is_empty());
}

#[tokio::test]
async fn a_wait_is_found_by_its_contact_and_any_name_of_its_event() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let [ada, bob] = [bed.contact(workspace(), "a@example.org").await, bed.contact(workspace(), "b@example.org").await];
    let run = bed.started(&stored, Some(ada)).await;
    let visit = bed.wait(run, Some("email.clicked"), None).await;
    let mut conn = bed.read().await;
    for (contact, names, count) in [
        (ada, &["email.click"][..], 1),
        (ada, &["email.click", "email.clicked"], 1),
        (ada, &["email.open"], 0),
        (ada, &[], 0),
        (bob, &["email.click"], 0),
    ] {
        let found = wait::for_event(&mut conn, workspace(), contact, names).await.expect("read");
        assert_eq!(found.len(), count, "{names:?}");
        assert!(found.iter().all(|wait| wait.step_execution_id == visit));
    }
}

#[tokio::test]
async fn a_filter_of_a_wait_is_kept() {
    let bed = Bed::new().await;
    let ada = bed.contact(workspace(), "ada@example.org").await;
    let stored = bed.definition(Reentry::Always).await;
    let run = bed.started(&stored, Some(ada)).await;
    let rule: stepwell_rules::Rule =
        serde_json::from_value(json!({"field": "event.plan", "operator": "equals", "value": "pro"})).expect("a rule");
    let event = stepwell_core::EventWait { name: "paid".into(), filter: Some(rule) };
    let request = stepwell_core::WaitRequest { event: Some(event.clone()), ..Default::default() };
    bed.settle(run, stepwell_core::Outcome::Waiting(request)).await;
    let visit = bed.state(run).await.1[0].id;
    let found = wait::get(&mut bed.read().await, workspace(), visit).await.expect("read");
    assert_eq!(found.and_then(|wait| wait.event), Some(event));
}

#[tokio::test]
async fn waits_end_by_time_in_order() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    for after in [30, 10, 20] {
        let run = bed.started(&stored, None).await;
        bed.wait(run, Some("opened"), Some(NOW.plus_millis(after))).await;
    }
    let mut conn = bed.read().await;
    assert_eq!(claim::next_due(&mut conn).await.expect("read"), Some(NOW.plus_millis(10)));
    let due = wait::due(&mut conn, NOW.plus_millis(20), 9).await.expect("read");
    let times: Vec<_> = due.iter().map(|wait| wait.due_at.map(|time| time.millis_since(NOW))).collect();
    assert_eq!(times, [Some(10), Some(20)]);
    assert_eq!(wait::due(&mut conn, NOW.plus_millis(99), 1).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_firing_stays_due_with_its_progress_until_the_next_is_set() {
    let bed = Bed::new().await;
    let stored = bed.definition(Reentry::Always).await;
    let later = NOW.plus_millis(60_000);
    let progress = json!({"after": "somebody"});
    let (id, copy) = (stored.id, progress.clone());
    let done: Result<(), StoreError> = write!(bed, |conn| {
        schedule::set(conn, workspace(), id, NOW).await?;
        schedule::set_progress(conn, workspace(), id, &copy).await
    });
    assert!(done.is_ok());
    let due = schedule::due(&mut bed.read().await, NOW, 9).await.expect("read");
    assert_eq!((due.len(), &due[0].progress), (1, &progress));
    let done: Result<(), StoreError> = write!(bed, |conn| schedule::set(conn, workspace(), id, later).await);
    assert!(done.is_ok());
    let mut conn = bed.read().await;
    assert!(schedule::due(&mut conn, NOW, 9).await.expect("read").is_empty());
    assert_eq!(schedule::next(&mut conn).await.expect("read"), Some(later));
    let entry = schedule::get(&mut conn, workspace(), id).await.expect("read").expect("armed");
    assert!(entry.progress.is_null());
    let gone: Result<bool, StoreError> = write!(bed, |conn| {
        schedule::remove(conn, workspace(), id).await?;
        definition::delete(conn, workspace(), id, NOW).await
    });
    assert_eq!(gone.ok(), Some(true));
}
