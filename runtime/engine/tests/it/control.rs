//! Starting, cancelling and retrying by hand.

use serde_json::json;
use stepwell_core::{ExecutionStatus, Failure, Outcome, Reentry, StepReport};
use stepwell_engine::{Arrival, DryRun, EngineError};
use stepwell_store::definition;

use crate::bench::{Bench, completed, waiting};

#[tokio::test]
async fn a_manual_start_that_the_rule_refuses_changes_nothing() {
    let bench = Bench::new().await;
    let id = bench.define(&["first"], Reentry::Once).await;
    let contact = bench.track("other", "ada@example.org", json!({})).await.contact.expect("a contact").id;
    let started = bench.engine.start_execution(bench.workspace, id, contact, json!({ "by": "hand" })).await;
    assert_eq!(started.expect("a start").event, json!({ "by": "hand" }));
    let again = bench.engine.start_execution(bench.workspace, id, contact, json!({})).await;
    assert!(matches!(again, Err(EngineError::ReentryRefused(_))), "{again:?}");
    assert_eq!(bench.executions(id).await.len(), 1);
}

#[tokio::test]
async fn cancelling_ends_the_wait_for_good() {
    let bench = Bench::new().await;
    bench.answer("wait", |_| waiting(Some("paid"), None));
    let bench = bench.run().await;
    let id = bench.define(&["wait"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let run = bench.until(id, ExecutionStatus::Waiting).await;
    let cancelled = bench.engine.cancel(bench.workspace, id, run.id, "Cancelled by user").await.expect("a cancel");
    assert_eq!(cancelled.exit_reason.as_deref(), Some("Cancelled by user"));
    bench.track("paid", "ada@example.org", json!({})).await;
    assert_eq!(bench.executions(id).await[0].status, ExecutionStatus::Cancelled);
    let again = bench.engine.cancel(bench.workspace, id, run.id, "again").await.expect("a cancel");
    assert_eq!(again, cancelled);
}

#[tokio::test]
async fn cancelling_all_counts_what_it_ended() {
    let bench = Bench::new().await;
    let id = bench.define(&["first"], Reentry::Once).await;
    for n in 0..450 {
        bench.track("signed_up", &format!("c{n}@example.org"), json!({})).await;
    }
    let cancelled = bench.engine.cancel_all(bench.workspace, id, "bulk").await.expect("a cancel");
    assert_eq!((cancelled, bench.engine.cancel_all(bench.workspace, id, "bulk").await.expect("again")), (450, 0));
}

#[tokio::test]
async fn a_retry_takes_up_the_failed_step_only() {
    let bench = Bench::new().await;
    let broken = std::sync::atomic::AtomicBool::new(true);
    bench.answer("second", move |_| match broken.swap(false, std::sync::atomic::Ordering::SeqCst) {
        true => StepReport::of(Outcome::Failed(Failure::fatal("broken", "broken"))),
        false => StepReport::of(completed(json!({}))),
    });
    let bench = bench.run().await;
    let id = bench.define(&["first", "second"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    let failed = bench.until(id, ExecutionStatus::Failed).await;
    bench.engine.retry(bench.workspace, id, failed.id).await.expect("a retry");
    bench.until(id, ExecutionStatus::Completed).await;
    assert_eq!(bench.ran(), ["first", "second", "second"]);
    let again = bench.engine.retry(bench.workspace, id, failed.id).await;
    assert!(matches!(again, Err(EngineError::NotFailed(_))), "{again:?}");
}

#[tokio::test]
async fn a_dry_run_jumps_over_waits_and_stores_nothing() {
    let bench = Bench::new().await;
    bench.answer("wait", |request| match &request.call {
        stepwell_core::Call::Run => waiting(Some("paid"), Some(request.context.now.plus_millis(86_400_000))),
        stepwell_core::Call::Resume { wake, .. } => StepReport::of(completed(json!(format!("{wake:?}")))),
    });
    let id = bench.define(&["wait", "after"], Reentry::Once).await;
    let mut conn = bench.engine.store().reader().await.expect("a reader");
    let head = definition::get(&mut conn, bench.workspace, id).await.expect("a read").expect("a definition");
    let graph = definition::graph(&mut conn, bench.workspace, id, 1).await.expect("a read").expect("a graph");
    drop(conn);
    let dry = DryRun { definition: head, graph, contact: None, event: json!({}), arrivals: vec![] };
    let result = bench.engine.dry_run(dry.clone()).await.expect("a dry run");
    assert_eq!(result.execution.status, ExecutionStatus::Completed);
    assert_eq!(result.visited.len(), 3);
    assert_eq!(result.visited[2].at, bench.engine.now().plus_millis(86_400_000));
    let arrivals = vec![Arrival { name: "paid".into(), data: json!({}) }];
    let result = bench.engine.dry_run(DryRun { arrivals, ..dry }).await.expect("a dry run");
    assert_eq!(result.visited[2].at, bench.engine.now());
    assert!(bench.executions(id).await.is_empty());
}

#[tokio::test]
async fn a_workspace_that_is_switched_off_ends_its_executions_at_their_next_step() {
    let bench = Bench::new().await;
    bench.answer("wait", |request| match &request.call {
        stepwell_core::Call::Run => waiting(Some("paid"), None),
        stepwell_core::Call::Resume { .. } => StepReport::of(completed(json!({}))),
    });
    let bench = bench.run().await;
    let id = bench.define(&["wait"], Reentry::Once).await;
    bench.track("signed_up", "ada@example.org", json!({})).await;
    bench.until(id, ExecutionStatus::Waiting).await;
    let (workspace, now) = (bench.workspace, bench.engine.now());
    bench.write(move |conn| Box::pin(stepwell_store::workspace::set_disabled(conn, workspace, true, now))).await;
    bench.track("paid", "ada@example.org", json!({})).await;
    let ended = bench.until(id, ExecutionStatus::Cancelled).await;
    assert_eq!(ended.exit_reason.as_deref(), Some("Project disabled"));
    assert_eq!(bench.ran(), ["wait"]);
}
