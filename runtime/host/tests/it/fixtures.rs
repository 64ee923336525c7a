//! The misbehaving guests of `tests/fixtures/plugins`, made with the SDK: each fails with its code and disturbs nothing.

use std::time::Duration;

use serde_json::{Value, json};
use stepwell_core::{Effect, Outcome, PluginHost, RetryPolicy, StepReport, StepRunner, Wake};

use crate::support::{Bench, WORKSPACE, code, fixture, grant, output, pinned, refusal, request, resumed};

async fn run(bench: &Bench, name: &str, config: Value) -> StepReport {
    bench.install_builtin(&fixture(name)).await;
    bench.run(name, config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_fails_with_cpu_limit() {
    let bench = Bench::with(|options| options.limits.cpu_ms = 100);
    assert_eq!(code(&run(&bench, "endless-loop", json!({})).await), "cpu-limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_bomb_fails_with_memory_limit() {
    assert_eq!(code(&run(&Bench::new(), "memory-bomb", json!({})).await), "memory-limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_stack_that_overflows_fails_with_stack_overflow() {
    let bench = Bench::new();
    for shadow in [false, true] {
        let report = run(&bench, "stack-overflow", json!({"shadow": shadow})).await;
        assert_eq!(code(&report), "stack-overflow", "{shadow} {report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_with_trap_and_its_message() {
    let report = run(&Bench::new(), "trap", json!({})).await;
    assert_eq!(code(&report), "trap");
    let Outcome::Failed(failure) = &report.outcome else { unreachable!() };
    assert!(failure.message.ends_with("the fixture panics on purpose"), "{}", failure.message);
    assert!(!failure.retryable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_output_fails_with_output_limit() {
    assert_eq!(code(&run(&Bench::new(), "huge-output", json!({})).await), "output-limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_flood_is_cut_and_the_step_completes() {
    let bench = Bench::with(|options| options.limits.cpu_ms = 5_000);
    let report = run(&bench, "log-flood", json!({})).await;
    assert!(output(&report).is_u64());
    let kept: usize = report.log.iter().map(|line| line.message.len()).sum();
    assert!(kept <= 64 * 1024 + 100, "{kept}");
    assert!(report.log.last().is_some_and(|line| line.message.contains("the log was cut")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleeper_completes_within_the_wall_limit_and_fails_with_timeout_past_it() {
    let bench = Bench::with(|options| {
        options.limits.cpu_ms = 100;
        options.limits.wall = Duration::from_millis(400);
    });
    let report = run(&bench, "sleeper", json!({"millis": 150})).await;
    assert_eq!(output(&report), &json!(150));
    assert!(report.cpu_ms < 100, "sleeping costs no CPU time: {}", report.cpu_ms);
    assert_eq!(code(&bench.run("sleeper", json!({})).await), "timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_granted_is_refused_and_what_is_out_of_scope_denied() {
    let bench = Bench::new();
    let bytes = fixture("ungranted");
    let mut info = bench.host.inspect(&bytes).await.expect("a good component");
    assert_eq!(refusal(bench.host.activate(&info, &bytes).await).0, "not-granted");
    let step = pinned(request("ungranted", json!({})), info.digest);
    assert_eq!(code(&bench.run_request(step.clone()).await), "capability-denied");

    let all = |import: &String| grant(import, if import.starts_with("wasi:http") { &["example.org"] } else { &[] });
    info.grants = info.imports.iter().map(all).collect();
    bench.host.activate(&info, &bytes).await.expect("granted");
    assert_eq!(output(&bench.run_request(step).await), &json!(false));
    let report = bench.run("ungranted", json!({"url": "https://elsewhere.example/"})).await;
    assert_eq!(code(&report), "capability-denied");
    assert!(report.log.iter().any(|line| line.message.contains("--scope elsewhere.example")), "{:?}", report.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_hands_its_state_back() {
    let bench = Bench::new();
    let config = json!({"checkpoints": 1});
    let Outcome::Checkpoint { state } = run(&bench, "checkpointer", config.clone()).await.outcome else {
        panic!("a checkpoint")
    };
    let report = bench.run_request(resumed("checkpointer", config, state, Wake::Checkpoint)).await;
    assert_eq!(output(&report), &json!({"count": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_kept_as_effects_and_dropped_with_a_failure() {
    let bench = Bench::new();
    let report = run(&bench, "keyvalue-counter", json!({"key": "visits"})).await;
    assert_eq!(output(&report), &json!({"count": 1}));
    let [Effect::SetValue { bucket, key, value }] = &report.effects[..] else { panic!("{:?}", report.effects) };
    assert_eq!((bucket.as_str(), key.as_str(), &value[..]), ("keyvalue-counter/default", "visits", &b"1"[..]));
    bench.data.values.lock().expect("values").insert((WORKSPACE, bucket.clone(), key.clone()), b"41".to_vec());
    assert_eq!(output(&bench.run("keyvalue-counter", json!({"key": "visits"})).await), &json!({"count": 42}));
    let failed = bench.run("keyvalue-counter", json!({"key": "visits", "fail": true})).await;
    assert_eq!((code(&failed), failed.effects.len()), ("asked-to-fail", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_type_s_own_retry_policy_is_known() {
    let bench = Bench::new();
    let info = bench.install_builtin(&fixture("flaky")).await;
    let policy = RetryPolicy { max_attempts: 3, initial_delay_ms: 1, max_delay_ms: 1, multiplier: 1.0 };
    assert_eq!(bench.host.default_retry(Some(info.digest), WORKSPACE, "flaky"), policy);
    let report = bench.run("flaky", json!({"failures": 1})).await;
    assert!(matches!(report.outcome, Outcome::Failed(failure) if failure.code == "flaky" && failure.retryable));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_honest_runs_complete_beside_every_hostile_guest() {
    let bench = Bench::with(|options| options.limits.wall = Duration::from_secs(3));
    bench.install_builtin(&fixture("keyvalue-counter")).await;
    let start = |step_type: &str, config: Value| {
        let (host, request) = (bench.host.clone(), request(step_type, config));
        tokio::spawn(async move { host.run(request).await })
    };
    let mut hostile = Vec::new();
    for (name, expected) in [
        ("endless-loop", "cpu-limit"),
        ("memory-bomb", "memory-limit"),
        ("stack-overflow", "stack-overflow"),
        ("trap", "trap"),
        ("huge-output", "output-limit"),
        ("sleeper", "timeout"),
    ] {
        bench.install_builtin(&fixture(name)).await;
        hostile.push((start(name, json!({})), expected));
    }
    let honest: Vec<_> = (0..100).map(|n| start("keyvalue-counter", json!({"key": n.to_string()}))).collect();
    for run in honest {
        assert_eq!(output(&run.await.expect("a report")), &json!({"count": 1}));
    }
    for (run, expected) in hostile {
        assert_eq!(code(&run.await.expect("a report")), expected);
    }
}
