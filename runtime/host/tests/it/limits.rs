//! Each limit of a run, its code, and that nothing of it reaches the next run.

use std::time::{Duration, Instant};

use serde_json::json;
use stepwell_core::{Outcome, PluginHost};

use crate::guest::{FINE, Guest};
use crate::support::{Bench, code, output, refusal};

const LOOP: &str = "(loop $again (br $again)) (unreachable)";

/// Answers with `length` bytes of output from address 4096 on.
fn long_output(length: u32) -> String {
    format!(
        "(i32.store (i32.const 520) (i32.const 4096)) (i32.store (i32.const 524) (i32.const {length})) \
         (memory.fill (i32.const 4096) (i32.const 0x31) (i32.const {length})) (i32.const 512)"
    )
}

/// Runs a guest twice and gives the code that both runs fail with.
async fn code_of(bench: &Bench, guest: &Guest<'_>) -> String {
    bench.install_builtin(&guest.build()).await;
    let first = bench.run("hand-made", json!({})).await;
    let second = bench.run("hand-made", json!({})).await;
    assert_eq!(code(&first), code(&second));
    assert!(first.effects.is_empty() && !first.no_room);
    code(&first).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_made_guest_runs() {
    let bench = Bench::new();
    bench.install_builtin(&Guest::default().build()).await;
    let report = bench.run("hand-made", json!({"any": "thing"})).await;
    assert_eq!(output(&report), &json!({"fine": true}));
    assert!(report.plugin.is_some() && !report.no_room);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_ends_at_the_cpu_limit() {
    let bench = Bench::with(|options| options.limits.cpu_ms = 50);
    bench.install_builtin(&Guest { run: LOOP, ..Guest::default() }.build()).await;
    let report = bench.run("hand-made", json!({})).await;
    assert_eq!(code(&report), "cpu-limit");
    assert!((45..=60).contains(&report.cpu_ms), "{}", report.cpu_ms);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_altogether_ends_with_a_timeout_that_may_pass() {
    let bench = Bench::with(|options| options.limits.wall = Duration::from_millis(50));
    bench.install_builtin(&Guest { run: LOOP, ..Guest::default() }.build()).await;
    let began = Instant::now();
    let report = bench.run("hand-made", json!({})).await;
    let Outcome::Failed(failure) = report.outcome else { panic!("a failure") };
    assert_eq!((failure.code.as_str(), failure.retryable), ("timeout", true));
    assert!(began.elapsed() < Duration::from_millis(450), "the CPU limit is later");
}

#[tokio::test(flavor = "multi_thread")]
async fn growing_memory_without_end_ends_at_the_memory_limit() {
    let run = "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    assert_eq!(code_of(&Bench::new(), &Guest { run, ..Guest::default() }).await, "memory-limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_begins_with_too_much_memory_is_refused() {
    let refused = Bench::new().host.inspect(&Guest { pages: 1025, ..Guest::default() }.build()).await;
    let (code, message) = refusal(refused);
    assert_eq!(code, "too-large");
    assert!(message.contains("bytes of memory at the start"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_without_end_ends_at_the_stack_limit() {
    let more = "(func $down (param i32) (result i32) (i32.add (i32.const 1) (call $down (i32.add (local.get 0) (i32.const 1)))))";
    let guest = Guest { more, run: "(call $down (i32.const 0))", ..Guest::default() };
    assert_eq!(code_of(&Bench::new(), &guest).await, "stack-overflow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiled_stack_that_runs_below_memory_is_a_stack_overflow_and_other_wild_addresses_are_traps() {
    let bench = Bench::new();
    let below = Guest { run: "(i32.store (i32.const -64) (i32.const 1)) (i32.const 512)", ..Guest::default() };
    assert_eq!(code_of(&bench, &below).await, "stack-overflow");
    let wild = Guest { run: "(i32.store (i32.const 0x40000000) (i32.const 1)) (i32.const 512)", ..Guest::default() };
    assert_eq!(code_of(&bench, &wild).await, "trap");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_above_the_limit_is_refused_however_large() {
    let bench = Bench::new();
    for length in [1024 * 1024 + 1, 20 * 1024 * 1024] {
        let run = long_output(length);
        assert_eq!(code_of(&bench, &Guest { pages: 400, run: &run, ..Guest::default() }).await, "output-limit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_is_not_json_is_refused() {
    let guest = Guest { run: "(i32.store8 (i32.const 112) (i32.const 0x5d)) (i32.const 512)", ..Guest::default() };
    assert_eq!(code_of(&Bench::new(), &guest).await, "invalid-output");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_outside_of_memory_or_of_unicode_is_a_trap() {
    let bench = Bench::new();
    for run in ["(i32.const -8)", "(i32.store8 (i32.const 112) (i32.const 0xff)) (i32.const 512)"] {
        assert_eq!(code_of(&bench, &Guest { run, ..Guest::default() }).await, "trap");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_a_failure_and_the_next_run_is_good() {
    let bench = Bench::new();
    assert_eq!(code_of(&bench, &Guest { run: "(unreachable)", ..Guest::default() }).await, "trap");
    let more = "(global $another i32 (i32.const 2))";
    bench.install_builtin(&Guest { run: FINE, more, ..Guest::default() }.build()).await;
    assert_eq!(output(&bench.run("hand-made", json!({})).await), &json!({"fine": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn input_above_the_limit_does_not_reach_the_guest() {
    let bench = Bench::with(|options| options.limits.input = 1000);
    bench.install_builtin(&Guest { run: "(unreachable)", ..Guest::default() }.build()).await;
    assert_eq!(code(&bench.run("hand-made", json!("x".repeat(1000))).await), "input-limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_is_cut_and_fails_nothing() {
    let bench = Bench::new();
    let guest = Guest {
        more: r#"(import "wasi:logging/logging@0.1.0-draft" "log" (func $log (param i32 i32 i32 i32 i32)))"#,
        run: "(local $n i32) (loop $again
                (call $log (i32.const 2) (i32.const 64) (i32.const 9) (i32.const 4096) (i32.const 1000))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $n) (i32.const 500))))
              (i32.const 512)",
        ..Guest::default()
    };
    bench.install_builtin(&guest.build()).await;
    let report = bench.run("hand-made", json!({})).await;
    assert_eq!(output(&report), &json!({"fine": true}));
    let kept: usize = report.log.iter().map(|line| line.message.len()).sum();
    assert!(kept <= 64 * 1024 + 100, "{kept}");
    assert!(report.log.last().is_some_and(|line| line.message.contains("the log was cut")));
    assert!(report.log.first().is_some_and(|line| line.level == "info" && line.message.starts_with("[hand-made] ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_in_the_host_costs_no_cpu_time_and_ends_at_the_wall_limit() {
    let bench = Bench::with(|options| {
        options.limits.cpu_ms = 50;
        options.limits.wall = Duration::from_millis(150);
    });
    let guest = Guest {
        more: r#"(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $after (param i64) (result i32)))
                 (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))"#,
        run: "(call $block (call $after (i64.const 60000000000))) (i32.const 512)",
        ..Guest::default()
    };
    bench.install_builtin(&guest.build_with("import wasi:clocks/monotonic-clock@0.2.12;")).await;
    let report = bench.run("hand-made", json!({})).await;
    assert_eq!(code(&report), "timeout");
    assert!(report.cpu_ms < 50, "{}", report.cpu_ms);
}
