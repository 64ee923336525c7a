use serde_json::json;
use stepwell_plugin::testing::{context, resume, run, validate};
use stepwell_plugin::{Completion, ReceivedEvent};

use super::*;

fn waits(config: &Value) -> Wait {
    match run::<WaitForEvent>(config, &context().build()) {
        Ok(Outcome::Waiting(wait)) => wait,
        other => panic!("{config} does not wait: {other:?}"),
    }
}

fn woken(wake: Wake) -> Completion {
    let config = json!({ "eventName": "email.clicked", "timeout": 60 });
    match resume::<WaitForEvent>(&config, &context().build(), Value::Null, wake) {
        Ok(Outcome::Completed(completion)) => completion,
        other => panic!("not completed: {other:?}"),
    }
}

fn event(data: Value) -> Wake {
    let received_at = context().build().now;
    Wake::Event(ReceivedEvent { id: "e1".to_owned(), name: "email.click".to_owned(), data, received_at })
}

fn problems(config: &Value) -> Vec<String> {
    validate::<WaitForEvent>(config).into_iter().map(|problem| problem.pointer).collect()
}

#[test]
fn without_a_timeout_it_waits_for_the_event_alone() {
    let wait = waits(&json!({ "eventName": "purchased", "timeout": null }));
    assert_eq!((wait.until, wait.event.map(|event| event.name).as_deref()), (None, Some("purchased")));
}

#[test]
fn the_timeout_counts_from_the_start_of_the_step() {
    let wait = waits(&json!({ "eventName": "purchased", "timeout": 86_400 }));
    assert_eq!(wait.until, Some(context().build().now.plus(Duration::from_secs(86_400))));
}

#[test]
fn the_filter_is_handed_to_the_host() {
    let filter = json!({ "field": "event.total", "operator": "greaterThan", "value": 10 });
    let wait = waits(&json!({ "eventName": "purchased", "filter": filter }));
    assert_eq!(wait.event.map(|event| event.filter), Some(filter));
    assert_eq!(waits(&json!({ "eventName": "purchased" })).event.map(|event| event.filter), Some(Value::Null));
}

#[test]
fn an_event_leads_to_the_branch_event_and_its_data_go_downstream() {
    let done = woken(event(json!({ "link": "x" })));
    assert_eq!((done.branch.as_deref(), done.merge_event), (Some("event"), json!({ "link": "x" })));
    let expected = json!({
        "eventName": "email.clicked", "eventData": { "link": "x" }, "receivedAt": "2026-01-02T03:04:05.678Z",
        "waitOutcome": "EVENT", "eventReceived": true,
    });
    assert_eq!(done.output, expected);
}

#[test]
fn event_data_that_is_no_object_is_not_merged() {
    assert_eq!(woken(event(json!([1]))).merge_event, Value::Null);
}

#[test]
fn a_timeout_leads_to_the_branch_timeout() {
    let done = woken(Wake::Timer);
    assert_eq!((done.branch.as_deref(), done.merge_event), (Some("timeout"), Value::Null));
    let expected = json!({
        "timedOut": true, "eventName": "email.clicked", "waitOutcome": "TIMEOUT", "eventReceived": false,
    });
    assert_eq!(done.output, expected);
}

#[test]
fn nothing_else_ends_the_wait() {
    let config = json!({ "eventName": "purchased" });
    let failed = resume::<WaitForEvent>(&config, &context().build(), Value::Null, Wake::Task(Value::Null));
    assert_eq!(failed.expect_err("a failure").code, "unexpected-wake");
}

#[test]
fn a_timeout_out_of_bounds_is_a_problem_on_writing_and_a_failure_on_running() {
    for timeout in [0, 31_536_001] {
        let config = json!({ "eventName": "purchased", "timeout": timeout });
        assert_eq!(problems(&config), ["/timeout"]);
        assert_eq!(run::<WaitForEvent>(&config, &context().build()).expect_err("a failure").code, "invalid-config");
    }
    assert_eq!(problems(&json!({ "eventName": "purchased", "timeout": 1.5 })), ["/timeout"]);
    assert_eq!(problems(&json!({ "eventName": "purchased", "timeout": 31_536_000 })), [""; 0]);
}

#[test]
fn an_empty_or_missing_name_is_a_problem() {
    assert_eq!(problems(&json!({ "eventName": "" })), ["/eventName"]);
    assert_eq!(problems(&json!({})), [""]);
}

#[test]
fn a_wrong_filter_is_named_by_its_place() {
    let filter =
        json!({ "all": [{ "field": "event.a", "operator": "exists" }, { "field": "event.b", "operator": "is" }] });
    assert_eq!(problems(&json!({ "eventName": "x", "filter": filter })), ["/filter/all/1/operator"]);
    let filter = json!({ "event": "purchased", "operator": "greaterThan", "value": 1 });
    assert_eq!(problems(&json!({ "eventName": "x", "filter": filter })), ["/filter"]);
}
