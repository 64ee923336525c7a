//! Steps that touch nothing outside share a commit. The scripted runner says that of step types whose name begins with `inside`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Map, json};
use stepwell_core::{
    Call, ContactChange, Definition, DefinitionId, Effect, ExecutionStatus, JournalKind, MergeRule, Outcome, Reentry,
    StepId, StepReport,
};
use stepwell_store::{contact, definition};

use crate::bench::{Bench, completed, waiting, with_effects};

/// Appends a letter to the contact's `trail`.
fn append(bench: &Bench, step_type: &str, letter: &'static str) {
    bench.answer(step_type, move |request| {
        let contact = request.context.contact.as_ref().expect("a contact");
        let trail = contact.data.get("trail").and_then(|trail| trail.as_str()).unwrap_or_default();
        let data = Map::from_iter([("trail".to_owned(), json!(format!("{trail}{letter}")))]);
        let change = ContactChange { data, merge: MergeRule::Literal, subscribed: None };
        with_effects(completed(json!(letter)), vec![Effect::UpdateContact { contact_id: contact.id, change }])
    });
}

#[tokio::test]
async fn each_step_of_a_chain_sees_what_the_ones_before_it_did() {
    let bench = Bench::new().await;
    append(&bench, "inside-a", "a");
    append(&bench, "inside-b", "b");
    append(&bench, "outside", "c");
    let bench = bench.run().await;
    let id = bench.define(&["inside-a", "inside-b", "outside"], Reentry::Once).await;
    let contact = bench.track("signed_up", "ada@example.org", json!({})).await.contact.expect("a contact").id;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let contact = contact::get(&mut conn, bench.workspace, contact).await.expect("a read").expect("a contact");
    assert_eq!(contact.data["trail"], "abc");
    assert_eq!(bench.requests()[1].context.outputs["inside-a"], json!("a"));
    let numbers: Vec<_> = bench.journal(&done).await.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=done.journal_length).collect::<Vec<_>>());
}

#[tokio::test]
async fn steps_that_touch_nothing_outside_are_not_stored_one_by_one() {
    let bench = Bench::new().await;
    let stored = Arc::new(AtomicUsize::new(0));
    let (seen, url) = (stored.clone(), bench.url());
    bench.answer("inside-b", move |request| {
        seen.store(crate::bench::completed_visits(&url, request.context.execution_id), Ordering::SeqCst);
        StepReport::of(completed(json!({})))
    });
    let bench = bench.run().await;
    let id = bench.define(&["inside-a", "inside-b"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Completed).await;
    // Only the trigger: the first step waits for the commit of both.
    assert_eq!((stored.load(Ordering::SeqCst), bench.ran().len()), (1, 2));
}

#[tokio::test]
async fn nothing_outside_runs_before_the_steps_ahead_of_it_are_stored() {
    let bench = Bench::new().await;
    let stored = Arc::new(AtomicUsize::new(usize::MAX));
    let (seen, url) = (stored.clone(), bench.url());
    bench.answer("outside", move |request| {
        seen.store(crate::bench::completed_visits(&url, request.context.execution_id), Ordering::SeqCst);
        StepReport::of(completed(json!({})))
    });
    let bench = bench.run().await;
    let id = bench.define(&["inside-a", "inside-b", "outside"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Completed).await;
    // The trigger and the two steps inside.
    assert_eq!(stored.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancel_in_the_middle_of_a_chain_wins() {
    let bench = Bench::new().await;
    let (engine, workspace) = (bench.engine.clone(), bench.workspace);
    let handle = tokio::runtime::Handle::current();
    bench.answer("inside-b", move |request| {
        let (engine, execution) = (engine.clone(), request.context.execution_id);
        let definition = request.context.about["workflow"]["id"].as_str().and_then(|id| id.parse().ok());
        let (definition, handle) = (definition.expect("a definition"), handle.clone());
        let cancel = async move { engine.cancel(workspace, definition, execution, "Cancelled by user").await };
        // The thread's other tasks go to another one meanwhile: the committer may be among them.
        tokio::task::block_in_place(|| handle.block_on(cancel)).expect("a cancel");
        StepReport::of(completed(json!({})))
    });
    let bench = bench.run().await;
    let id = bench.define(&["inside-a", "inside-b", "outside"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let ended = bench.until(id, ExecutionStatus::Cancelled).await;
    assert_eq!(ended.exit_reason.as_deref(), Some("Cancelled by user"));
    assert!(!bench.ran().contains(&"outside".to_owned()));
}

#[tokio::test]
async fn a_checkpoint_inside_a_chain_is_stored_before_the_step_goes_on() {
    let bench = Bench::new().await;
    let stored = Arc::new(AtomicUsize::new(0));
    let (seen, url) = (stored.clone(), bench.url());
    bench.answer("inside-count", move |request| match &request.call {
        Call::Run => StepReport::of(Outcome::Checkpoint { state: json!(1) }),
        Call::Resume { state, .. } => {
            let visits = crate::bench::visits_of(&url, request.context.execution_id);
            seen.store(visits.iter().filter(|visit| visit.resumes == 1).count(), Ordering::SeqCst);
            StepReport::of(completed(state.clone()))
        }
    });
    let bench = bench.run().await;
    let id = bench.define(&["inside-count"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(stored.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_wait_ends_a_chain() {
    let bench = Bench::new().await;
    bench.answer("inside-wait", |request| match &request.call {
        Call::Run => waiting(Some("paid"), None),
        Call::Resume { .. } => StepReport::of(completed(json!({}))),
    });
    let bench = bench.run().await;
    let id = bench.define(&["inside-a", "inside-wait", "inside-b"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    bench.track("paid", "ada@example.org", json!({})).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(bench.visits(&done).await.len(), 4);
    assert_eq!(bench.ran(), ["inside-a", "inside-wait", "inside-wait", "inside-b"]);
}

async fn change(bench: &Bench, id: DefinitionId, change: fn(&mut Definition)) {
    let workspace = bench.workspace;
    let stored = bench.write(move |conn| {
        Box::pin(async move {
            let mut found = definition::get(conn, workspace, id).await?.expect("the definition");
            change(&mut found);
            definition::update(conn, &found).await
        })
    });
    assert!(stored.await);
}

/// The timeline of an execution of two steps that touch nothing outside, the only ones that an event starts.
async fn timeline(bench: &Bench, with: fn(&mut Definition)) -> Vec<(JournalKind, Option<StepId>)> {
    let id = bench.define(&["inside-a", "inside-b"], Reentry::Always).await;
    change(bench, id, with).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    change(bench, id, |definition| definition.enabled = false).await;
    bench.journal(&done).await.into_iter().map(|entry| (entry.kind, entry.step_id)).collect()
}

#[tokio::test]
async fn a_definition_may_ask_for_a_commit_after_each_step_and_its_timeline_is_the_same() {
    let bench = Bench::new().await;
    let stored = Arc::new(Mutex::new(Vec::new()));
    let (seen, url) = (stored.clone(), bench.url());
    bench.answer("inside-b", move |request| {
        seen.lock().expect("seen").push(crate::bench::completed_visits(&url, request.context.execution_id));
        StepReport::of(completed(json!({})))
    });
    let bench = bench.run().await;
    let together = timeline(&bench, |_| {}).await;
    let one_by_one = timeline(&bench, |definition| definition.commit_every_step = true).await;
    assert_eq!(one_by_one, together);
    // While the second step ran: only the trigger was stored, and then also the first step.
    assert_eq!(*stored.lock().expect("seen"), [1, 2]);
}
