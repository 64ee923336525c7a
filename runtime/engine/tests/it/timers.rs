//! Time ends waits and fires schedules.

use std::time::Duration;

use serde_json::json;
use stepwell_core::{Call, ExecutionStatus, Guard, Reentry, StepReport, Wake, testing};

use crate::bench::{Bench, completed, waiting};

fn pause(bench: &Bench, seconds: i64) {
    bench.answer("pause", move |request| match &request.call {
        Call::Run => waiting(Some("never"), Some(request.context.now.plus_millis(seconds * 1_000))),
        Call::Resume { wake, .. } => StepReport::of(completed(json!(matches!(wake, Wake::Timer)))),
    });
}

#[tokio::test]
async fn a_wait_ends_when_its_time_comes_and_not_before() {
    let bench = Bench::new().await;
    pause(&bench, 60);
    let bench = bench.run().await;
    let id = bench.define(&["pause"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    bench.advance_clock(Duration::from_secs(59));
    bench.engine.wake_timer();
    assert_eq!(bench.executions(id).await[0].status, ExecutionStatus::Waiting);
    bench.advance_clock(Duration::from_secs(2));
    bench.engine.wake_timer();
    let done = bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(bench.visits(&done).await[1].output, Some(json!(true)));
}

fn graph() -> stepwell_core::Graph {
    let steps: Vec<_> = ["trigger", "work"].map(testing::step).into();
    let edge = testing::edge(&steps, "trigger", "work", Guard::Always, 0);
    testing::graph(steps, vec![edge])
}

#[tokio::test]
async fn a_schedule_fires_once_for_all_the_times_it_missed() {
    let bench = Bench::new().await;
    let id = bench.define_graph(graph(), Reentry::Always, json!({ "cron": "0 * * * *" })).await;
    bench.advance_clock(Duration::from_secs(5 * 3_600));
    let bench = bench.run().await;
    bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(bench.executions(id).await.len(), 1);
}

#[tokio::test]
async fn a_schedule_that_skips_missed_times_waits_for_the_next() {
    let bench = Bench::new().await;
    let id = bench.define_graph(graph(), Reentry::Always, json!({ "cron": "0 * * * *", "catchUp": "skip" })).await;
    bench.advance_clock(Duration::from_secs(5 * 3_600 + 1_800));
    let bench = bench.run().await;
    // The missed firings are left out once the next one, in half an hour, is armed.
    while bench.next_firing().await != Some(bench.engine.now().plus_millis(1_800_000)) {
        tokio::task::yield_now().await;
    }
    assert!(bench.executions(id).await.is_empty());
    bench.advance_clock(Duration::from_secs(1_800));
    bench.engine.schedules_changed();
    bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(bench.executions(id).await.len(), 1);
}

#[tokio::test]
async fn a_schedule_for_an_audience_starts_each_contact_of_it_once() {
    let bench = Bench::new().await;
    for n in 0..250 {
        let data = if n % 2 == 0 { "even" } else { "odd" };
        let who = stepwell_engine::AddressEdit {
            email: format!("c{n}@example.org"),
            data: json!({ "kind": data }).as_object().cloned().expect("an object"),
            subscribed: None,
            subscribed_if_new: true,
            preserve_existing_subscription: false,
        };
        bench.engine.upsert_contact(bench.workspace, who).await.expect("a contact");
    }
    let filter = json!({ "field": "contact.data.kind", "operator": "equals", "value": "even" });
    let trigger = json!({ "cron": "0 * * * *", "audience": { "subscribed": true, "filter": filter } });
    let id = bench.define_graph(graph(), Reentry::Always, trigger).await;
    bench.advance_clock(Duration::from_secs(3_600));
    let bench = bench.run().await;
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    while bench.count(id, ExecutionStatus::Completed).await < 125 {
        assert!(tokio::time::Instant::now() < end, "{} of 125", bench.count(id, ExecutionStatus::Completed).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(bench.ran().len(), 125);
}
