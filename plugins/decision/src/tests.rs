//! The step as the host calls it, and the table of the specification row by row.

mod statements;

use serde_json::json;
use stepwell_plugin::Completion;
use stepwell_plugin::testing::{TestHost, context, resume, run, validate};

use super::*;

/// A context about one entity.
fn about(entity: Value) -> Context {
    context()
        .about(json!({ "flow": {
            "contexts": [{ "id": "e1", "schema": "opportunity" }],
            "primary": { "id": "e1", "schema": "opportunity" },
            "entities": [{ "id": "e1", "schema": "opportunity", "data": entity }],
        } }))
        .build()
}

fn condition(id: &str, attribute: &str, value: &str) -> Value {
    json!({ "id": id, "name": id, "statements": [
        { "id": "s", "source": { "attribute": attribute }, "operator": "equals", "values": [value] },
    ] })
}

fn two(parallel: bool, otherwise: bool) -> Value {
    let conditions = [condition("big", "size", "big"), condition("red", "colour", "red")];
    json!({ "mode": "automatic", "conditions": conditions, "parallel": parallel, "otherwise": otherwise })
}

fn completed(outcome: Result<Outcome, Failure>) -> Completion {
    match outcome {
        Ok(Outcome::Completed(completion)) => completion,
        other => panic!("not completed: {other:?}"),
    }
}

fn waits(outcome: Result<Outcome, Failure>) -> Wait {
    match outcome {
        Ok(Outcome::Waiting(wait)) => wait,
        other => panic!("does not wait: {other:?}"),
    }
}

#[test]
fn all_met_branches_are_followed_in_order_and_noted() {
    let host = TestHost::new();
    let done = completed(run::<Decision>(&two(true, false), &about(json!({ "size": "big", "colour": "red" }))));
    assert_eq!((host.branches(), done.branch), (vec!["big".to_owned(), "red".to_owned()], None));
    let conditions = json!([{ "id": "big", "met": true }, { "id": "red", "met": true }]);
    assert_eq!(done.output, json!({ "conditions": conditions, "evaluatedAt": "2026-01-02T03:04:05.678Z" }));
}

#[test]
fn without_parallel_paths_only_the_first_that_is_met_is_followed() {
    let host = TestHost::new();
    let done = completed(run::<Decision>(&two(false, false), &about(json!({ "size": "big", "colour": "red" }))));
    assert_eq!((host.branches(), &done.output["conditions"][1]["met"]), (vec!["big".to_owned()], &json!(true)));
}

#[test]
fn where_nothing_is_met_the_default_is_left_to_the_graph() {
    let host = TestHost::new();
    let done = completed(run::<Decision>(&two(true, true), &about(json!({}))));
    assert_eq!((host.branches().len(), done.branch), (0, None));
}

#[test]
fn a_decision_that_is_stuck_waits_and_is_evaluated_again() {
    let host = TestHost::new();
    let wait = waits(run::<Decision>(&two(true, false), &about(json!({}))));
    assert_eq!(wait.task, Some(json!({ "status": "condition_pending" })));
    assert_eq!(wait.output["conditions"][0], json!({ "id": "big", "met": false }));
    let changed = about(json!({ "colour": "red" }));
    completed(resume::<Decision>(&two(true, false), &changed, Value::Null, Wake::Timer));
    assert_eq!(host.branches(), ["red"]);
}

#[test]
fn a_manual_decision_asks_a_person_and_follows_the_branch() {
    let config = json!({ "mode": "manual", "conditions": [condition("a", "x", "1"), condition("b", "x", "1")] });
    let context = about(json!({ "x": "1" }));
    assert_eq!(waits(run::<Decision>(&config, &context)).task, Some(json!({ "status": "pending" })));
    let answered = |entered| resume::<Decision>(&config, &context, Value::Null, Wake::Task(entered));
    assert_eq!(completed(answered(json!({ "branch": "b" }))).branch.as_deref(), Some("b"));
    for no_branch in [json!({ "branch": "c" }), json!({}), Value::Null] {
        assert_eq!(waits(answered(no_branch)).task, Some(json!({ "status": "pending" })));
    }
}

#[test]
fn the_default_branch_of_a_manual_decision_is_chosen_by_naming_none() {
    let config = json!({ "mode": "manual", "conditions": [condition("a", "x", "1")], "otherwise": true });
    let done = completed(resume::<Decision>(&config, &about(json!({})), Value::Null, Wake::Task(json!({ "note": 1 }))));
    assert_eq!((done.branch, done.output), (None, json!({ "note": 1 })));
}

#[test]
fn a_person_who_names_a_branch_decides_for_the_conditions() {
    let done = completed(resume::<Decision>(
        &two(true, false),
        &about(json!({})),
        Value::Null,
        Wake::Task(json!({ "branch": "red" })),
    ));
    assert_eq!(done.branch.as_deref(), Some("red"));
}

#[test]
fn a_condition_without_statements_is_never_met() {
    let config = json!({ "conditions": [{ "id": "a", "all": true }, { "id": "b", "all": false }], "otherwise": true });
    let host = TestHost::new();
    completed(run::<Decision>(&config, &about(json!({}))));
    assert_eq!(host.branches(), [""; 0]);
}

#[test]
fn what_is_wrong_with_a_configuration_is_named_by_its_place() {
    let pointers = |config: &Value| validate::<Decision>(config).into_iter().map(|p| p.pointer).collect::<Vec<_>>();
    assert_eq!(pointers(&two(true, true)), [""; 0]);
    let twice = json!({ "conditions": [condition("a", "x", "1"), condition("a", "x", "1"), condition("", "x", "1")] });
    assert_eq!(pointers(&twice), ["/conditions/1/id", "/conditions/2/id"]);
    let names: Vec<_> = (0..11).map(|n| n.to_string()).collect();
    let source = json!({ "attributes": names, "attribute_sub_field": "x", "date_offset": { "amount": 1 } });
    let statement = json!({ "source": source, "operator": "equals", "values": ["1"] });
    let config = json!({ "conditions": [{ "id": "a", "statements": [statement] }] });
    let place = "/conditions/0/statements/0/source";
    let expected = ["attributes", "attribute_sub_field", "date_offset"].map(|name| format!("{place}/{name}"));
    assert_eq!(pointers(&config), expected);
    let unknown = json!({ "conditions": [{ "id": "a", "statements": [{ "source": {}, "operator": "is" }] }] });
    assert_eq!(pointers(&unknown), ["/conditions/0/statements/0/operator"]);
    assert_eq!(
        pointers(&json!({ "conditions": (0..101).map(|n| condition(&n.to_string(), "x", "1")).collect::<Vec<_>>() })),
        ["/conditions"]
    );
}
