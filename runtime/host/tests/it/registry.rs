//! Which plugin a step runs, and what it was granted.

use serde_json::json;
use stepwell_core::{PluginHost, PluginInfo, RetryPolicy, StepRunner};

use crate::guest::Guest;
use crate::support::{Bench, OTHER_WORKSPACE, WORKSPACE, code, grant, output, pinned, refusal, request};

/// A guest that imports contacts and logging, with a component of its own for each `number`.
fn asking(number: u32) -> Vec<u8> {
    let more = format!(
        r#"(import "stepwell:plugin/contacts@0.1.0" "get" (func $get (param i32 i32 i32)))
           (import "wasi:logging/logging@0.1.0-draft" "log" (func $log (param i32 i32 i32 i32 i32)))
           (global $number i32 (i32.const {number}))"#
    );
    let validate = "(call $get (i32.const 64) (i32.const 9) (i32.const 8192)) (i32.const 1016)";
    Guest { more: &more, validate, ..Guest::default() }.build()
}

fn plain(number: u32) -> Vec<u8> {
    let more = format!("(global $number i32 (i32.const {number}))");
    Guest { more: &more, ..Guest::default() }.build()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_s_imports_are_what_it_has_to_be_granted() {
    let info = Bench::new().host.inspect(&asking(1)).await.expect("a good component");
    assert_eq!(info.imports, ["stepwell:plugin/contacts", "wasi:logging/logging"]);
    assert!(info.grants.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_grant_is_refused_with_the_command_that_gives_it() {
    let bench = Bench::new();
    let bytes = asking(1);
    let mut info = bench.host.inspect(&bytes).await.expect("a good component");
    info.grants = vec![grant("wasi:logging/logging", &[])];
    let (code, message) = refusal(bench.host.activate(&info, &bytes).await);
    assert_eq!(code, "not-granted");
    let cure = format!("stepwell plugin grant {} stepwell:plugin/contacts", &info.digest.to_string()[..12]);
    assert!(message.ends_with(&cure), "{message}");
    assert!(bench.host.lookup(WORKSPACE, "hand-made").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_was_taken_back_fails_what_is_pinned_to_the_plugin() {
    let bench = Bench::new();
    let bytes = asking(1);
    let info = bench.install(&bytes, &[("stepwell:plugin/contacts", &[]), ("wasi:logging/logging", &[])]).await;
    let step = pinned(request("hand-made", json!({})), info.digest);
    assert_eq!(output(&bench.run_request(step.clone()).await), &json!({"fine": true}));
    let less = PluginInfo { grants: Vec::new(), ..info };
    refusal(bench.host.activate(&less, &bytes).await);
    let report = bench.run_request(step).await;
    assert_eq!(code(&report), "capability-denied");
    assert!(format!("{:?}", report.outcome).contains("stepwell plugin grant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn validating_may_use_no_capability() {
    let bench = Bench::new();
    let info = bench.install_builtin(&asking(1)).await;
    let (code, message) = refusal(bench.host.validate(info.digest, "hand-made", &json!({})).await);
    assert_eq!(code, "validate-failed");
    assert!(message.contains("capability-denied"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_this_server_does_not_offer_is_named() {
    let more = r#"(import "test:guest/face" "touch" (func $touch))"#;
    let bytes = Guest { more, ..Guest::default() }.build_with("import face;");
    let (code, message) = refusal(Bench::new().host.inspect(&bytes).await);
    assert_eq!(code, "wrong-world");
    assert!(message.contains("`test:guest/face`"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_another_world_is_refused() {
    let bytes = wat::parse_str("(component)").expect("valid text");
    let (code, message) = refusal(Bench::new().host.inspect(&bytes).await);
    assert_eq!(code, "wrong-world");
    assert!(message.contains("stepwell:plugin/step@0.1.0"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_describes_itself_wrongly_is_refused() {
    let bench = Bench::new();
    for describe in
        ["(i32.const 1016)", "(unreachable)", "(i32.store8 (i32.const 64) (i32.const 0x48)) (i32.const 1024)"]
    {
        let (code, _) = refusal(bench.host.inspect(&Guest { describe, ..Guest::default() }.build()).await);
        assert_eq!(code, "describe-failed", "{describe}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_plugin_offers_a_step_type_and_pinned_steps_keep_theirs() {
    let bench = Bench::new();
    let old = bench.install(&plain(1), &[]).await;
    let new = bench.install(&plain(2), &[]).await;
    assert_eq!(bench.run("hand-made", json!({})).await.plugin, Some(new.digest));
    let kept = bench.run_request(pinned(request("hand-made", json!({})), old.digest)).await;
    assert_eq!(kept.plugin, Some(old.digest));
    // Doing it again replaces the grants and nothing else.
    bench.host.activate(&old, &plain(1)).await.expect("nothing to grant");
    assert_eq!(bench.run("hand-made", json!({})).await.plugin, Some(new.digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_plugin_is_gone_for_new_steps_and_still_runs_pinned_ones() {
    let bench = Bench::new();
    let old = bench.install(&plain(1), &[]).await;
    let new = bench.install(&plain(2), &[]).await;
    bench.host.deactivate(None, new.digest);
    assert_eq!(bench.host.lookup(WORKSPACE, "hand-made").map(|(digest, _)| digest), Some(old.digest));
    assert_eq!(bench.host.list(WORKSPACE).len(), 1);
    let kept = bench.run_request(pinned(request("hand-made", json!({})), new.digest)).await;
    assert_eq!(kept.plugin, Some(new.digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_s_own_plugin_comes_before_the_shared_one_and_is_no_other_s() {
    let bench = Bench::new();
    let bytes = plain(1);
    let mut own = bench.host.inspect(&bytes).await.expect("a good component");
    own.workspace_id = Some(WORKSPACE);
    bench.host.activate(&own, &bytes).await.expect("nothing to grant");
    let mut step = pinned(request("hand-made", json!({})), own.digest);
    step.context.workspace_id = OTHER_WORKSPACE;
    assert_eq!(code(&bench.run_request(step).await), "no-such-step");
    assert!(bench.host.lookup(OTHER_WORKSPACE, "hand-made").is_none());
    assert!(bench.host.list(OTHER_WORKSPACE).is_empty());

    let shared = bench.install(&plain(2), &[]).await;
    assert_eq!(bench.run("hand-made", json!({})).await.plugin, Some(own.digest));
    assert_eq!(bench.host.lookup(OTHER_WORKSPACE, "hand-made").map(|(digest, _)| digest), Some(shared.digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_taken_in_under_its_own_digest_only() {
    let bench = Bench::new();
    let info = bench.host.inspect(&plain(1)).await.expect("a good component");
    assert_eq!(refusal(bench.host.activate(&info, &plain(2)).await).0, "digest-mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_type_without_a_retry_policy_is_tried_once() {
    let bench = Bench::new();
    let info = bench.install(&plain(1), &[]).await;
    assert_eq!(bench.host.default_retry(Some(info.digest), WORKSPACE, "hand-made"), RetryPolicy::NONE);
    assert_eq!(bench.host.default_retry(None, WORKSPACE, "unheard-of"), RetryPolicy::NONE);
}
