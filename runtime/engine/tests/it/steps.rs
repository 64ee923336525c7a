//! Steps run, and what they do is stored with their outcome.

use serde_json::{Map, json};
use stepwell_core::{
    ContactChange, Effect, ExecutionStatus, Failure, MAX_VALUE, MergeRule, Outcome, Reentry, StepReport, StepStatus,
    kept_bytes,
};
use stepwell_store::{contact, event, keyvalue};

use crate::bench::{Bench, completed, with_effects};

#[tokio::test]
async fn the_steps_of_a_graph_run_one_after_the_other() {
    let bench = Bench::new().await.run().await;
    let id = bench.define(&["first", "second"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({ "plan": "pro" })).await;
    bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(bench.ran(), ["first", "second"]);
    let seen = &bench.requests()[1].context;
    assert_eq!(seen.event, json!({ "plan": "pro" }));
    assert_eq!(seen.outputs["first"], json!({ "step": "first" }));
    assert_eq!(seen.about["eventName"], "signed_up");
    assert_eq!(seen.contact.as_ref().map(|contact| contact.email.as_str()), Some("ada@example.org"));
}

#[tokio::test]
async fn effects_are_stored_with_the_outcome() {
    let bench = Bench::new().await;
    bench.answer("write", |request| {
        let contact_id = request.context.contact.as_ref().expect("a contact").id;
        let data: Map<_, _> = json!({ "tier": "gold" }).as_object().cloned().expect("an object");
        let change = ContactChange { data, merge: MergeRule::Literal, subscribed: Some(false) };
        let effects = vec![
            Effect::UpdateContact { contact_id, change },
            Effect::EmitEvent { name: "written".into(), contact_id: Some(contact_id), data: json!({}) },
            Effect::SetValue { bucket: "write/b".into(), key: "k".into(), value: b"v".to_vec() },
        ];
        with_effects(completed(json!({})), effects)
    });
    let bench = bench.run().await;
    let id = bench.define(&["write"], Reentry::Once).await;
    let contact_id = bench.track("signed_up", "ada@example.org", json!({})).await.contact.expect("a contact").id;
    bench.until(id, ExecutionStatus::Completed).await;
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let stored = contact::get(&mut conn, bench.workspace, contact_id).await.expect("a read").expect("a contact");
    assert_eq!((stored.subscribed, stored.data["tier"].clone()), (false, json!("gold")));
    for name in ["written", "contact.unsubscribed"] {
        let count = event::count(&mut conn, bench.workspace, contact_id, &[name], None).await.expect("a count");
        assert_eq!(count, 1, "{name}");
    }
    let value = keyvalue::get(&mut conn, bench.workspace, "write/b", "k").await.expect("a read");
    assert_eq!(value.as_deref(), Some(b"v".as_slice()));
}

#[tokio::test]
async fn an_event_that_a_step_emits_starts_what_it_triggers() {
    let bench = Bench::new().await;
    bench.answer("emit", |request| {
        let contact_id = request.context.contact.as_ref().map(|contact| contact.id);
        with_effects(
            completed(json!({})),
            vec![Effect::EmitEvent { name: "second_event".into(), contact_id, data: json!({ "n": 2 }) }],
        )
    });
    let bench = bench.run().await;
    let first = bench.define(&["emit"], Reentry::Once).await;
    let steps: Vec<_> = ["trigger", "react"].map(stepwell_core::testing::step).into();
    let edge = stepwell_core::testing::edge(&steps, "trigger", "react", stepwell_core::Guard::Always, 0);
    let graph = stepwell_core::testing::graph(steps, vec![edge]);
    let second = bench.define_graph(graph, Reentry::Once, json!({ "eventName": "second_event" })).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(first, ExecutionStatus::Completed).await;
    let reacted = bench.until(second, ExecutionStatus::Completed).await;
    assert_eq!(reacted.event, json!({ "n": 2 }));
}

#[tokio::test]
async fn a_failure_is_tried_again_after_its_pause_with_the_same_key() {
    let bench = Bench::new().await;
    bench.answer("flaky", |request| match request.context.attempt {
        1 => StepReport::of(Outcome::Failed(Failure::passing("busy", "busy"))),
        _ => StepReport::of(completed(json!({}))),
    });
    let bench = bench.run().await;
    let id = bench.define(&["flaky"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let pending = loop {
        let execution = bench.executions(id).await.remove(0);
        let visits = bench.visits(&execution).await;
        if let Some(visit) = visits.into_iter().find(|visit| visit.status == StepStatus::Pending) {
            break visit;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((pending.attempt, bench.ran().len()), (2, 1));
    bench.advance_clock(std::time::Duration::from_secs(2));
    bench.engine.wake_timer();
    bench.until(id, ExecutionStatus::Completed).await;
    let keys: Vec<_> = bench.requests().iter().map(|request| request.context.idempotency_key.clone()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_checkpoint_goes_on_with_what_it_stored() {
    let bench = Bench::new().await;
    bench.answer("count", |request| match &request.call {
        stepwell_core::Call::Run => StepReport::of(Outcome::Checkpoint { state: json!(1) }),
        stepwell_core::Call::Resume { state, .. } if *state == json!(3) => StepReport::of(completed(state.clone())),
        stepwell_core::Call::Resume { state, .. } => {
            StepReport::of(Outcome::Checkpoint { state: json!(state.as_i64().unwrap_or_default() + 1) })
        }
    });
    let bench = bench.run().await;
    let id = bench.define(&["count"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    let visits = bench.visits(&done).await;
    let visit = visits.last().expect("a visit");
    assert_eq!((visit.output.clone(), visit.resumes), (Some(json!(3)), 3));
}

#[tokio::test]
async fn a_step_for_which_the_host_has_no_room_runs_later() {
    let bench = Bench::new().await;
    let refusals = std::sync::atomic::AtomicUsize::new(2);
    bench.answer("crowded", move |_| {
        let left =
            refusals.fetch_update(std::sync::atomic::Ordering::SeqCst, std::sync::atomic::Ordering::SeqCst, |n| {
                n.checked_sub(1)
            });
        StepReport { no_room: left.is_ok(), ..StepReport::of(completed(json!({}))) }
    });
    let bench = bench.run().await;
    let id = bench.define(&["crowded"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let done = bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!((bench.ran().len(), bench.visits(&done).await[1].attempt), (3, 1));
}

#[tokio::test]
async fn a_large_output_is_seen_by_the_step_behind_it_and_one_too_large_fails_its_step() {
    let bench = Bench::new().await;
    let text = |bytes: usize| json!("x".repeat(bytes - 2));
    bench.answer("make", move |_| StepReport::of(completed(text(MAX_VALUE))));
    bench.answer("make-more", move |_| StepReport::of(completed(text(MAX_VALUE + 1))));
    let bench = bench.run().await;
    let id = bench.define(&["make", "use", "make-more"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let failed = bench.until(id, ExecutionStatus::Failed).await;
    assert_eq!(bench.requests()[1].context.outputs["make"], text(MAX_VALUE));
    let visits = bench.visits(&failed).await;
    assert_eq!(visits[1].output, Some(text(MAX_VALUE)));
    assert_eq!(visits[3].failure.as_ref().map(|failure| failure.code.as_str()), Some("output-limit"));
    let kept: usize = visits.iter().map(kept_bytes).sum();
    assert_eq!(usize::try_from(failed.output_bytes).ok(), Some(kept));
}
