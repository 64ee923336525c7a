//! The built-in components: taken in, and run.

use serde_json::json;
use stepwell_core::{
    ChildTarget, Completion, Effect, Mode, Outcome, PluginHost, PluginSource, StepRunner, Timestamp, Wake,
};

use crate::support::{Bench, CONTACT, NOW, WORKFLOW, WORKSPACE, component, contact, output, request, resumed};

const BUILT_IN: [&str; 11] = [
    "ai-agent",
    "automation",
    "condition",
    "decision",
    "delay",
    "exit",
    "manual-task",
    "send-email",
    "update-contact",
    "wait-for-event",
    "webhook",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_built_in_component_is_taken_in_and_offers_its_step_type() {
    let bench = Bench::new();
    for name in BUILT_IN {
        let info = bench.install_builtin(&component(name)).await;
        assert!(info.steps.iter().any(|step| step.step_type == name), "{name}");
        assert!(bench.host.lookup(WORKSPACE, name).is_some_and(|(digest, _)| digest == info.digest));
    }
    let listed = bench.host.list(WORKSPACE);
    assert_eq!(listed.len(), BUILT_IN.len());
    assert!(listed.iter().all(|info| info.source == PluginSource::Builtin && info.grants.len() == info.imports.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_built_in_components_are_compiled_in_one_go() {
    let bench = Bench::new();
    let components = BUILT_IN.map(component);
    let components: Vec<_> = components.iter().map(Vec::as_slice).collect();
    bench.host.warm(&components).await.expect("all are good");
    let compiled = std::fs::read_dir(bench.folder.path().join("compiled")).expect("the folder").flatten();
    let compiled = compiled.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "cwasm")).count();
    assert_eq!(compiled, BUILT_IN.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_waits_and_goes_on() {
    let bench = Bench::new();
    bench.install_builtin(&component("delay")).await;
    let config = json!({"amount": 2, "unit": "minutes"});
    let report = bench.run("delay", config.clone()).await;
    let Outcome::Waiting(wait) = report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!(wait.until, Some(NOW.plus_millis(120_000)));
    let mut request = resumed("delay", config, wait.state, Wake::Timer);
    request.context.now = Timestamp(NOW.0 + 120_000);
    assert!(matches!(bench.run_request(request).await.outcome, Outcome::Completed(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_contact_comes_back_as_an_effect() {
    let bench = Bench::new();
    bench.data.contacts.lock().expect("contacts").insert((WORKSPACE, CONTACT), contact());
    bench.install_builtin(&component("update-contact")).await;
    let report = bench.run("update-contact", json!({"updates": {"plan": "pro"}})).await;
    assert!(matches!(report.outcome, Outcome::Completed(Completion { .. })), "{:?}", report.outcome);
    let [Effect::UpdateContact { contact_id, change }] = &report.effects[..] else { panic!("{:?}", report.effects) };
    assert_eq!((*contact_id, &change.data["plan"]), (CONTACT, &json!("pro")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_works_on_the_contact_it_is_given_stored_or_not() {
    let bench = Bench::new();
    bench.install_builtin(&component("update-contact")).await;
    let mut request = request("update-contact", json!({"updates": {"plan": "pro"}}));
    request.mode = Mode::DryRun;
    request.context.contact = Some(contact());
    let report = bench.run_request(request).await;
    assert_eq!(output(&report)["newData"]["plan"], "pro");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_names_a_branch() {
    let bench = Bench::new();
    bench.install_builtin(&component("condition")).await;
    let config = json!({"field": "contact.data.plan", "operator": "equals", "value": "free"});
    let report = bench.run("condition", config).await;
    assert_eq!(output(&report)["result"], json!(true));
    assert!(matches!(report.outcome, Outcome::Completed(done) if done.branch.as_deref() == Some("yes")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_follows_every_branch_that_is_met_and_waits_where_none_is() {
    let bench = Bench::new();
    let info = bench.install_builtin(&component("decision")).await;
    assert_eq!(info.imports, [""; 0], "what it calls needs no grant");
    let condition = |id: &str, value: &str| {
        let source = json!({"attribute": "plan"});
        json!({"id": id, "statements": [{"source": source, "operator": "equals", "values": [value]}]})
    };
    let conditions = json!([condition("a", "free"), condition("b", "pro"), condition("c", "free")]);
    let report = bench.run("decision", json!({"conditions": conditions})).await;
    let Outcome::Completed(done) = &report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!((done.followed(), &done.output["conditions"][1]), (vec!["a", "c"], &json!({"id": "b", "met": false})));
    let stuck = bench.run("decision", json!({"conditions": [condition("b", "pro")]})).await;
    let Outcome::Waiting(wait) = stuck.outcome else { panic!("{:?}", stuck.outcome) };
    assert_eq!(wait.task, Some(json!({"status": "condition_pending"})));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automation_starts_a_workflow_or_a_step_and_completes_with_what_it_came_to() {
    let bench = Bench::new();
    bench.install_builtin(&component("automation")).await;
    bench.install_builtin(&component("delay")).await;
    let config = json!({"flowId": WORKFLOW.to_string()});
    let report = bench.run("automation", config.clone()).await;
    let [Effect::StartChild { id, target, input }] = &report.effects[..] else { panic!("{:?}", report.effects) };
    assert_eq!((target, &input["flowId"]), (&ChildTarget::Definition(WORKFLOW), &config["flowId"]));
    let Outcome::Waiting(wait) = report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!(wait.task.as_ref().map(|task| &task["execution"]["id"]), Some(&json!(id)));
    let standing = json!({"executionId": id, "status": "success", "output": {"n": 1}, "reason": null});
    bench.data.children.lock().expect("children").insert(*id, standing);
    let resumed = bench.run_request(resumed("automation", config, wait.state, Wake::Timer)).await;
    assert_eq!(output(&resumed), &json!({"n": 1}));

    let config = json!({"flowId": "delay", "config": {"amount": 1, "unit": "minutes"}});
    let report = bench.run("automation", config).await;
    let step = ChildTarget::Step { step_type: "delay".into(), config: json!({"amount": 1, "unit": "minutes"}) };
    assert!(matches!(&report.effects[..], [Effect::StartChild { target, .. }] if *target == step));
    let elsewhere = bench.run("automation", json!({"flowId": "somebody-else-s"})).await;
    assert!(matches!(elsewhere.outcome, Outcome::Waiting(_)) && elsewhere.effects.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_checked_by_the_component() {
    let bench = Bench::new();
    let info = bench.install_builtin(&component("condition")).await;
    let good = json!({"field": "contact.data.plan", "operator": "equals", "value": "free"});
    assert_eq!(bench.host.validate(info.digest, "condition", &good).await.expect("an answer"), []);
    let bad = json!({"expression": "1 +"});
    let problems = bench.host.validate(info.digest, "condition", &bad).await.expect("an answer");
    assert!(!problems.is_empty() && !problems[0].message.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_type_that_nobody_offers_fails_with_what_to_do() {
    let bench = Bench::new();
    let report = bench.host.run(request("unheard-of", json!({}))).await;
    let Outcome::Failed(failure) = report.outcome else { panic!("a failure") };
    assert_eq!((failure.code.as_str(), failure.retryable), ("no-such-step", false));
    assert!(failure.message.contains("stepwell plugin install"), "{}", failure.message);
}
