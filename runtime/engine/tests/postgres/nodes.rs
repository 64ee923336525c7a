//! Two engines over one database.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::json;
use stepwell_core::{Call, ContactChange, Effect, ExecutionStatus, Guard, MergeRule, Reentry, StepReport, testing};
use stepwell_engine::{EngineError, Intake};
use stepwell_store::{claim, contact, event};
use tokio::sync::Notify;

use crate::bench::{Bench, completed, waiting, with_effects};
use crate::events::{intake, intake_of};

#[tokio::test]
async fn one_event_delivered_a_hundred_times_to_two_nodes_is_stored_once_and_starts_once() {
    let one = Bench::new().await.run().await;
    let two = one.beside().await.run().await;
    let id = one.define(&["first"], Reentry::Always).await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let (engine, workspace) = (if n % 2 == 0 { &one } else { &two }.engine.clone(), one.workspace);
            tokio::spawn(async move { engine.track(workspace, intake("k1")).await.map(|done| done.started) })
        })
        .collect();
    let (mut taken, mut refused) = (0, 0);
    for call in calls {
        match call.await.expect("an answer") {
            Ok(started) => taken += started,
            Err(EngineError::KeyReused { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((taken, refused), (1, 99));
    one.until(id, ExecutionStatus::Completed).await;
    let mut conn = one.engine.store().reader().await.expect("a reader");
    assert_eq!(event::recent(&mut conn, one.workspace, None, 9).await.expect("events").len(), 1);
    assert_eq!((one.executions(id).await.len(), one.ran().len() + two.ran().len()), (1, 1));
}

#[tokio::test]
async fn contacts_that_come_to_two_nodes_at_once_enter_once() {
    let one = Bench::new().await.run().await;
    let two = one.beside().await.run().await;
    let id = one.define(&["first"], Reentry::Once).await;
    let calls: Vec<_> = (0..200)
        .map(|n| {
            let (engine, workspace) = (if n % 2 == 0 { &one } else { &two }.engine.clone(), one.workspace);
            tokio::spawn(async move { engine.track(workspace, intake_of(n / 2)).await.map(|done| done.started) })
        })
        .collect();
    let mut started = 0;
    for call in calls {
        started += call.await.expect("an answer").expect("taken");
    }
    assert_eq!((started, one.executions(id).await.len()), (100, 100));
    one.until_count(id, ExecutionStatus::Completed, 100).await;
    assert_eq!(one.ran().len() + two.ran().len(), 100);
}

#[tokio::test]
async fn a_timer_fires_on_one_of_two_nodes() {
    let one = Bench::new().await;
    let two = one.beside().await;
    for bench in [&one, &two] {
        bench.answer("pause", |request| match &request.call {
            Call::Run => waiting(None, Some(request.context.now.plus_millis(20_000))),
            Call::Resume { .. } => StepReport::of(completed(json!({}))),
        });
    }
    let (one, two) = (one.run().await, two.run().await);
    let id = one.define(&["pause", "after"], Reentry::Once).await;
    for n in 0..30 {
        one.track("signed_up", &format!("c{n}@example.org"), json!({})).await;
    }
    one.until_count(id, ExecutionStatus::Waiting, 30).await;
    // By less than a lease: for the other node, a node that is silent for longer is gone, and what it runs is run again.
    one.advance_clock(Duration::from_secs(21));
    one.engine.wake_timer();
    two.engine.wake_timer();
    one.until_count(id, ExecutionStatus::Completed, 30).await;
    let both: Vec<_> = one.ran().into_iter().chain(two.ran()).collect();
    let ran = |step: &str| both.iter().filter(|ran| *ran == step).count();
    assert_eq!((ran("pause"), ran("after")), (60, 30));
}

#[tokio::test]
async fn a_schedule_fires_on_one_of_two_nodes() {
    let one = Bench::new().await;
    let two = one.beside().await;
    let steps: Vec<_> = ["trigger", "work"].map(testing::step).into();
    let edge = testing::edge(&steps, "trigger", "work", Guard::Always, 0);
    let mut ids = Vec::new();
    for _ in 0..10 {
        let graph = testing::graph(steps.clone(), vec![edge.clone()]);
        ids.push(one.define_graph(graph, Reentry::Always, json!({ "cron": "0 * * * *" })).await);
    }
    one.advance_clock(Duration::from_secs(3_600));
    let (one, two) = tokio::join!(one.run(), two.run());
    for id in ids {
        one.until(id, ExecutionStatus::Completed).await;
        assert_eq!(one.executions(id).await.len(), 1);
    }
    assert_eq!(one.ran().len() + two.ran().len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_frozen_node_ran_is_taken_over_and_its_late_answer_is_refused() {
    let frozen = Bench::new().await;
    let (go, wait) = mpsc::channel::<()>();
    let (wait, began) = (Mutex::new(wait), Arc::new(Notify::new()));
    let begun = Arc::clone(&began);
    frozen.answer("work", move |request| {
        began.notify_one();
        let _ = wait.lock().expect("one run").recv();
        let contact_id = request.context.contact.as_ref().expect("a contact").id;
        let data = json!({ "late": true }).as_object().cloned().expect("an object");
        let change = ContactChange { data, merge: MergeRule::Intake, subscribed: None };
        with_effects(completed(json!("late")), vec![Effect::UpdateContact { contact_id, change }])
    });
    let mut frozen = frozen.run().await;
    let id = frozen.define(&["work"], Reentry::Once).await;
    let ada = frozen.track("signed_up", "ada@example.org", json!({})).await.contact.expect("a contact").id;
    begun.notified().await;
    frozen.freeze().await;
    frozen.advance_clock(Duration::from_millis(claim::LEASE_MS as u64 + 1));
    let other = frozen.beside().await;
    other.answer("work", |_| StepReport::of(completed(json!("in time"))));
    let other = other.run().await;
    let done = other.until(id, ExecutionStatus::Completed).await;
    go.send(()).expect("the frozen node still runs the step");
    while frozen.engine.load().1 > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(other.visits(&done).await[1].output, Some(json!("in time")));
    assert_eq!(other.executions(id).await, [done]);
    let mut conn = other.engine.store().reader().await.expect("a reader");
    let ada = contact::get(&mut conn, other.workspace, ada).await.expect("a read").expect("a contact");
    assert!(ada.data.is_empty(), "the late answer's effects are refused with it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn paths_of_one_execution_on_two_nodes_meet_at_its_join_once() {
    let one = Bench::new().await;
    let two = one.beside().await;
    for bench in [&one, &two] {
        notes_what_came(bench, "a", "paid");
        notes_what_came(bench, "b", "shipped");
    }
    let (one, two) = (one.run().await, two.run().await);
    let id = crate::forks::define(&one, &crate::forks::DIAMOND).await;
    for n in 0..40 {
        one.track("signed_up", &format!("c{n}@example.org"), json!({})).await;
    }
    one.until_count(id, ExecutionStatus::Waiting, 40).await;
    // Each event comes to another node, both at once.
    let events = (0..80).map(|n| {
        let (engine, workspace) = (if n % 2 == 0 { &one } else { &two }.engine.clone(), one.workspace);
        let name = if n % 2 == 0 { "paid" } else { "shipped" };
        let event = Intake { name: name.to_owned(), ..intake_of(n / 2) };
        tokio::spawn(async move { engine.track(workspace, event).await })
    });
    for event in events.collect::<Vec<_>>() {
        event.await.expect("an answer").expect("a tracked event");
    }
    one.until_count(id, ExecutionStatus::Completed, 40).await;
    let ran = [one.ran(), two.ran()].concat();
    let times = |name: &str| ran.iter().filter(|ran| *ran == name).count();
    assert_eq!(["fork", "a", "b", "join"].map(times), [40, 80, 80, 40]);
    for run in one.executions(id).await {
        let numbers: Vec<_> = one.journal(&run).await.iter().map(|entry| entry.number).collect();
        assert_eq!((numbers, one.visits(&run).await.len()), ((1..=run.journal_length).collect(), 5));
        let mut conn = one.engine.store().reader().await.expect("a reader");
        let contact = contact::get(&mut conn, one.workspace, run.contact_id.expect("a contact")).await.expect("a read");
        let data = contact.expect("a contact").data;
        assert_eq!((&data["paid"], &data["shipped"]), (&json!(true), &json!(true)));
    }
}

/// Waits for an event, and notes in the contact that it came.
fn notes_what_came(bench: &Bench, step_type: &str, name: &'static str) {
    bench.answer(step_type, move |request| match &request.call {
        Call::Run => waiting(Some(name), None),
        Call::Resume { .. } => {
            let contact_id = request.context.contact.as_ref().expect("a contact").id;
            let data = serde_json::Map::from_iter([(name.to_owned(), json!(true))]);
            let change = ContactChange { data, merge: MergeRule::Intake, subscribed: None };
            with_effects(completed(json!({})), vec![Effect::UpdateContact { contact_id, change }])
        }
    });
}
