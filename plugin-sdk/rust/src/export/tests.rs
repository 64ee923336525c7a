use serde_json::json;

use super::*;
use crate::{Description, EventWait, Retry, Wait, Wake};

/// Waits for the event that its configuration names, then completes with what it knows.
struct Sample;

impl Step for Sample {
    type Config = String;
    const TYPE: &'static str = "sample";

    fn describe() -> Description {
        let retry = Retry { max_attempts: 2, initial_delay_ms: 1, max_delay_ms: 2, multiplier: 1.5 };
        Description::new("Sample", "A sample.").branches(["a", "b"]).output::<bool>().retry(retry)
    }

    fn validate(config: &String) -> Vec<Problem> {
        if config.is_empty() { vec![Problem::new("", "is empty")] } else { Vec::new() }
    }

    fn run(config: String, context: &Context) -> Result<Outcome, Failure> {
        let event = EventWait { name: config, filter: Value::Null };
        Ok(Wait::for_event(event).or_until(context.now).with_state(json!({ "kept": 1 })).into())
    }

    fn resume(_: String, context: &Context, state: Value, wake: Wake) -> Result<Outcome, Failure> {
        let Wake::Event(event) = wake else { return Err(Failure::fatal("no-event", "it did not come")) };
        let output = json!({ "contact": context.contact(), "state": state, "event": event.data });
        Ok(Outcome::completed(output).on("a").merging_event(event.data))
    }
}

fn context(config: &str) -> wire::StepContext {
    wire::StepContext {
        workspace_id: "w".to_owned(),
        execution_id: "e".to_owned(),
        step_id: "s".to_owned(),
        step_execution_id: "v".to_owned(),
        attempt: 1,
        idempotency_key: "k".to_owned(),
        now: 1_767_323_045_678,
        config: config.to_owned(),
        contact: r#"{"id":"c1"}"#.to_owned(),
        event: "{}".to_owned(),
        variables: "{}".to_owned(),
        outputs: "{}".to_owned(),
        about: "{}".to_owned(),
    }
}

fn event() -> wire::Wake {
    wire::Wake::Event(wire::ReceivedEvent {
        id: "1".to_owned(),
        name: "x".to_owned(),
        data: r#"{"n":1}"#.to_owned(),
        received_at: 0,
    })
}

#[test]
fn a_description_travels_as_json_schema_and_json() {
    let described = describe::<Sample>();
    assert_eq!((described.step_type.as_str(), described.version.as_str()), ("sample", "1.0.0"));
    assert_eq!(value(&described.config_schema)["type"], "string");
    assert_eq!(value(&described.output_schema)["type"], "boolean");
    let retry = json!({ "maxAttempts": 2, "initialDelayMs": 1, "maxDelayMs": 2, "multiplier": 1.5 });
    assert_eq!((value(&described.retry), described.branches), (retry, vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn a_wait_travels_with_its_state() {
    let wire::Outcome::Waiting(wait) = run::<Sample>(context("\"x\"")) else { panic!("no wait") };
    assert_eq!((wait.until, wait.task), (Some(1_767_323_045_678), None));
    assert_eq!(wait.event.map(|event| (event.name, event.filter)), Some(("x".to_owned(), "null".to_owned())));
    assert_eq!((wait.state.as_str(), wait.output.as_str()), (r#"{"kept":1}"#, "null"));
}

#[test]
fn a_resumption_gets_the_state_and_the_event() {
    let outcome = resume::<Sample>(context("\"x\""), r#"{"kept":1}"#, event());
    let wire::Outcome::Completed(done) = outcome else { panic!("not completed") };
    let expected = json!({ "contact": { "id": "c1" }, "state": { "kept": 1 }, "event": { "n": 1 } });
    assert_eq!((value(&done.output), done.branch.as_deref()), (expected, Some("a")));
    assert_eq!(done.merge_event, r#"{"n":1}"#);
}

#[test]
fn a_failure_travels_with_its_code() {
    let outcome = resume::<Sample>(context("\"x\""), "null", wire::Wake::Timer);
    assert!(matches!(outcome, wire::Outcome::Failed(failure) if failure.code == "no-event" && !failure.retryable));
}

#[test]
fn a_configuration_that_does_not_parse_fails_the_step() {
    for outcome in [run::<Sample>(context("7")), resume::<Sample>(context("{"), "null", event())] {
        assert!(matches!(outcome, wire::Outcome::Failed(failure) if failure.code == "invalid-config"));
    }
}

#[test]
fn problems_come_from_the_parser_and_from_the_author() {
    let messages = |config: &str| validate::<Sample>(config).into_iter().map(|problem| problem.message);
    assert!(messages("\"\"").eq(["is empty"]));
    assert!(messages("7").eq(["invalid type: integer `7`, expected a string"]));
    assert_eq!(messages("\"x\"").count(), 0);
}

#[test]
fn another_step_type_is_named() {
    let outcome = unknown_type("other");
    assert!(matches!(outcome, wire::Outcome::Failed(failure) if failure.code == "unknown-step-type"));
    assert_eq!(unknown_type_problem("other")[0].message, "this component has no step type other");
}
