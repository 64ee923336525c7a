use serde_json::json;
use stepwell_plugin::testing::{Effect, TestHost, context, run, validate};

use super::*;

fn subject() -> Context {
    let contact =
        json!({ "id": "c1", "email": "ada@example.org", "subscribed": true, "data": { "plan": "free", "old": 1 } });
    context().contact(contact).event(json!({ "total": 5, "note": "{{ email }}" })).build()
}

fn output(config: &Value) -> Value {
    match run::<UpdateContact>(config, &subject()) {
        Ok(Outcome::Completed(completion)) => completion.output,
        other => panic!("{config} is not completed: {other:?}"),
    }
}

#[test]
fn data_and_updates_both_work() {
    for name in ["data", "updates"] {
        let expected = json!({
            "updated": true, "updates": { "plan": "pro" }, "newData": { "plan": "pro", "old": 1 },
            "subscriptionAction": "none", "subscribed": true,
        });
        assert_eq!(output(&json!({ name: { "plan": "pro" } })), expected);
    }
}

#[test]
fn of_equal_keys_in_both_the_one_in_updates_wins() {
    let output = output(&json!({ "data": { "a": 1, "b": 1 }, "updates": { "b": 2 } }));
    assert_eq!(output["updates"], json!({ "a": 1, "b": 2 }));
}

#[test]
fn the_change_is_buffered_with_the_host() {
    let host = TestHost::new();
    output(&json!({ "data": { "plan": "pro" }, "subscriptionAction": "unsubscribe" }));
    let change = json!({ "data": { "plan": "pro" }, "deleteNulls": false, "subscribed": false });
    assert_eq!(host.effects(), [Effect::UpdateContact("c1".to_owned(), change)]);
}

#[test]
fn texts_are_rendered_once_and_other_values_stay() {
    let data = json!({ "seen": "{{ event.total }} {{ plan }}", "deep": [{ "note": "{{ note }}" }], "count": 7, "brace": "{x}" });
    let expected = json!({ "seen": "5 free", "deep": [{ "note": "{{ email }}" }], "count": 7, "brace": "{x}" });
    assert_eq!(output(&json!({ "data": data }))["updates"], expected);
}

#[test]
fn a_null_is_stored_unless_nulls_delete() {
    assert_eq!(output(&json!({ "data": { "old": null } }))["newData"], json!({ "plan": "free", "old": null }));
    assert_eq!(output(&json!({ "data": { "old": null }, "deleteNulls": true }))["newData"], json!({ "plan": "free" }));
}

#[test]
fn the_subscription_alone_can_change() {
    let output = output(&json!({ "subscriptionAction": "unsubscribe" }));
    assert_eq!((&output["subscribed"], &output["subscriptionAction"]), (&json!(false), &json!("unsubscribe")));
    assert_eq!(output["updates"], json!({}));
}

#[test]
fn without_anything_to_change_it_is_a_problem_on_writing_and_a_failure_on_running() {
    let config = json!({ "deleteNulls": true });
    assert_eq!(validate::<UpdateContact>(&config)[0].pointer, "");
    assert_eq!(run::<UpdateContact>(&config, &subject()).expect_err("a failure").code, "invalid-config");
}

#[test]
fn without_a_contact_the_step_fails() {
    let failed = run::<UpdateContact>(&json!({ "data": { "a": 1 } }), &context().build());
    assert_eq!(failed.expect_err("a failure").code, "no-contact");
}

#[test]
fn a_wrong_template_or_member_is_named_by_its_place() {
    let pointer = |config: &Value| validate::<UpdateContact>(config)[0].pointer.clone();
    assert_eq!(pointer(&json!({ "data": { "a": ["{% if %}"] } })), "/data/a/0");
    assert_eq!(pointer(&json!({ "subscriptionAction": "maybe" })), "/subscriptionAction");
    assert_eq!(pointer(&json!({ "data": "a" })), "/data");
    assert_eq!(pointer(&json!({ "date": {} })), "/date");
}
