//! Runs beside and after each other: nothing of one is seen in another, and what has no room is put back.

use std::pin::Pin;
use std::task::Poll;

use serde_json::json;
use stepwell_core::{Call, Outcome, StepReport};

use crate::guest::Guest;
use crate::support::{Bench, OTHER_WORKSPACE, code, output, request};

/// Traps if it finds the mark of another run in its memory or global, and leaves one.
fn marking() -> Vec<u8> {
    Guest {
        more: "(global $mark (mut i32) (i32.const 0))",
        run: "(if (i32.or (i32.load (i32.const 8192)) (i32.or (global.get $mark) (i32.load (i32.const 130000)))) (then (unreachable)))
              (global.set $mark (i32.const 1))
              (i32.store (i32.const 8192) (i32.const 1))
              (i32.store (i32.const 130000) (i32.const 1))
              (i32.const 512)",
        ..Guest::default()
    }
    .build()
}

/// Waits in the host for a minute.
fn sleeping() -> Vec<u8> {
    Guest {
        more: r#"(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $after (param i64) (result i32)))
                 (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))"#,
        run: "(call $block (call $after (i64.const 60000000000))) (i32.const 512)",
        ..Guest::default()
    }
    .build_with("import wasi:clocks/monotonic-clock@0.2.12;")
}

async fn run_many(bench: &Bench, count: usize) {
    bench.install_builtin(&marking()).await;
    let workers = (0..8).map(|_| {
        let host = bench.host.clone();
        tokio::spawn(async move {
            for _ in 0..count / 8 {
                let report = stepwell_core::StepRunner::run(&host, request("hand-made", json!({}))).await;
                assert!(matches!(report.outcome, Outcome::Completed(_)), "{:?}", report.outcome);
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("no run saw another");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_of_two_thousand_sees_another_s_memory() {
    run_many(&Bench::new(), 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_pool_fits_instances_are_made_on_demand_and_kept_apart_as_well() {
    // More address space than there is.
    run_many(&Bench::with(|options| options.slots = 200_000), 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_room_is_put_back_and_not_failed() {
    let bench = Bench::with(|options| options.limits.runs_at_once = Some(1));
    bench.install_builtin(&sleeping()).await;
    let mut asleep = Box::pin(bench.run("hand-made", json!({})));
    assert!(is_under_way(&mut asleep).await);
    assert_put_back(&bench).await;
    drop(asleep);
    // The cancelled run gave its place back, and what runs in it is good.
    let resumed = stepwell_core::StepRequest {
        call: Call::Resume { state: json!(null), wake: stepwell_core::Wake::Timer },
        ..request("hand-made", json!({}))
    };
    assert_eq!(output(&bench.run_request(resumed).await), &json!({"fine": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_full_all_the_same_puts_runs_back() {
    let bench = Bench::with(|options| {
        options.slots = 1;
        options.limits.runs_at_once = Some(100);
        options.limits.workspace_runs = Some(100);
    });
    bench.install_builtin(&sleeping()).await;
    let mut asleep = Box::pin(bench.run("hand-made", json!({})));
    assert!(is_under_way(&mut asleep).await);
    assert_put_back(&bench).await;
}

/// Lets a run begin, and says whether it waits.
async fn is_under_way(run: &mut (impl Future<Output = StepReport> + Unpin)) -> bool {
    std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *run).poll(context).is_pending())).await
}

async fn assert_put_back(bench: &Bench) {
    let report = bench.run("hand-made", json!({})).await;
    assert_eq!(code(&report), "no-room");
    assert!(report.no_room);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_uses_its_share_leaves_room_for_others() {
    let bench = Bench::with(|options| options.limits.workspace_runs = Some(1));
    bench.install_builtin(&sleeping()).await;
    let mut asleep = Box::pin(bench.run("hand-made", json!({})));
    assert!(is_under_way(&mut asleep).await);
    assert_put_back(&bench).await;
    let mut other = request("hand-made", json!({}));
    other.context.workspace_id = OTHER_WORKSPACE;
    other.call = Call::Resume { state: json!(null), wake: stepwell_core::Wake::Timer };
    assert_eq!(output(&bench.run_request(other).await), &json!({"fine": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_runs_complete_beside_endless_loops() {
    let bench = Bench::with(|options| options.limits.cpu_ms = 100);
    let run = "(if (i32.eq (i32.load8_u (i32.load (i32.add (local.get 0) (i32.const 64)))) (i32.const 0x31))
                 (then (loop $again (br $again)))) (i32.const 512)";
    bench.install_builtin(&Guest { run, ..Guest::default() }.build()).await;
    let spawn = |config: serde_json::Value| {
        let host = bench.host.clone();
        tokio::spawn(async move { stepwell_core::StepRunner::run(&host, request("hand-made", config)).await })
    };
    let hostile: Vec<_> = (0..4).map(|_| spawn(json!(1))).collect();
    for _ in 0..20 {
        assert_eq!(output(&spawn(json!(2)).await.expect("a report")), &json!({"fine": true}));
    }
    for run in hostile {
        assert_eq!(code(&run.await.expect("a report")), "cpu-limit");
    }
}
