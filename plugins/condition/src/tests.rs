use serde_json::{Value, json};
use stepwell_plugin::testing::{TestHost, config_schema, context, run, validate};
use stepwell_plugin::{Completion, Timestamp};

use super::*;

fn subject() -> Context {
    context()
        .contact(json!({
            "id": "c1", "email": "Ada@Example.org", "subscribed": true, "createdAt": "2025-12-30T00:00:00.000Z",
            "updatedAt": "2026-01-01T00:00:00.000Z",
            "data": { "plan": "pro", "age": 36, "name": null, "address": { "city": "Ulm" }, "tags": ["a", "b"] },
        }))
        .event(json!({ "source": "web", "total": 99.5, "wrapped": { "value": "x", "persistent": false } }))
        .outputs(json!({ "hook": { "statusCode": 200 } }))
        .variables(json!({ "limit": 10 }))
        .build()
}

fn done(config: &Value) -> Completion {
    match run::<Condition>(config, &subject()) {
        Ok(Outcome::Completed(completion)) => completion,
        other => panic!("{config} is not completed: {other:?}"),
    }
}

fn branch_of(config: &Value) -> String {
    done(config).branch.expect("a branch")
}

fn problems(config: &Value) -> Vec<String> {
    validate::<Condition>(config).into_iter().map(|problem| problem.pointer).collect()
}

fn test(field: &str, operator: &str, value: Value) -> Value {
    json!({ "field": field, "operator": operator, "value": value })
}

#[test]
fn a_test_leads_to_yes_or_no_and_shows_both_values() {
    let done = done(&test("contact.data.plan", "equals", json!("free")));
    let expected = json!({
        "field": "contact.data.plan", "operator": "equals", "expectedValue": "free", "actualValue": "pro", "result": false,
        "branch": "no",
    });
    assert_eq!((done.output, done.branch.as_deref()), (expected, Some("no")));
    assert_eq!(branch_of(&test("contact.data.plan", "equals", json!("pro"))), "yes");
}

#[test]
fn the_mode_binary_may_be_named() {
    assert_eq!(branch_of(&json!({ "mode": "binary", "field": "data.plan", "operator": "exists" })), "yes");
    assert_eq!(problems(&json!({ "mode": "other", "field": "data.plan", "operator": "exists" })), ["/mode"]);
}

#[test]
fn paths_lead_into_all_documents() {
    let paths = [
        ("contact.email", json!("ada@example.org")),
        ("contact.subscribed", json!(true)),
        ("data.address.city", json!("Ulm")),
        ("event.source", json!("web")),
        ("workflow.wrapped", json!("x")),
        ("steps.hook.statusCode", json!(200)),
        ("variables.limit", json!(10)),
    ];
    for (path, value) in paths {
        assert_eq!(branch_of(&test(path, "equals", value)), "yes", "{path}");
    }
}

#[test]
fn of_a_missing_field_only_its_absence_holds() {
    for operator in ["notEquals", "contains", "notContains", "lessThan", "exists", "equals"] {
        assert_eq!(branch_of(&test("data.none", operator, json!(1))), "no", "{operator}");
    }
    assert_eq!(branch_of(&json!({ "field": "data.name", "operator": "notExists" })), "yes");
}

#[test]
fn dates_are_compared_with_the_time_of_the_step() {
    assert_eq!(branch_of(&test("contact.createdAt", "withinDays", json!(7))), "yes");
    assert_eq!(branch_of(&test("contact.createdAt", "after", json!("2026-01-01"))), "no");
    assert_eq!(branch_of(&test("contact.createdAt", "before", json!("now"))), "yes");
}

#[test]
fn composites_combine_tests() {
    let (plan, age) = (test("data.plan", "equals", json!("pro")), test("data.age", "lessThan", json!(18)));
    assert_eq!(branch_of(&json!({ "any": [age, plan] })), "yes");
    let done = done(&json!({ "all": [plan, { "not": { "not": age } }] }));
    assert_eq!(done.output, json!({ "result": false, "branch": "no" }));
}

#[test]
fn events_are_counted_by_the_host() {
    let host = TestHost::new();
    for day in [1, 40] {
        host.event("purchased", Timestamp::from_millis(subject().now.millis() - day * 86_400_000));
    }
    let ever = json!({ "event": "purchased", "operator": "greaterThanOrEqual", "value": 2 });
    let expected = json!({
        "event": "purchased", "operator": "greaterThanOrEqual", "expectedValue": 2, "actualValue": 2, "result": true,
        "branch": "yes",
    });
    assert_eq!(done(&ever).output, expected);
    let lately = json!({ "event": "purchased", "operator": "greaterThanOrEqual", "value": 2, "withinDays": 30 });
    assert_eq!(branch_of(&json!({ "all": [lately] })), "no");
}

#[test]
fn a_count_that_is_not_granted_fails_the_step() {
    let host = TestHost::new();
    host.deny("events");
    let config = json!({ "not": { "event": "purchased", "operator": "equals", "value": 1 } });
    assert_eq!(run::<Condition>(&config, &subject()).expect_err("a failure").code, "capability-denied");
}

#[test]
fn the_first_matching_branch_wins() {
    let config = json!({
        "mode": "multi", "field": "data.plan",
        "branches": [
            { "id": "b0", "name": "Free", "operator": "equals", "value": "free" },
            { "id": "b1", "name": "Pro", "operator": "equals", "value": "pro" },
            { "id": "b2", "name": "Any", "operator": "exists" },
        ],
    });
    let done = done(&config);
    let expected = json!({
        "field": "data.plan", "mode": "multi", "matchedBranch": "Pro", "actualValue": "pro", "branch": "b1",
    });
    assert_eq!((done.output, done.branch.as_deref()), (expected, Some("b1")));
}

#[test]
fn without_a_matching_branch_it_is_default() {
    let config = json!({ "mode": "multi", "field": "data.none", "branches": [{ "id": "b", "operator": "exists" }] });
    let done = done(&config);
    assert_eq!(done.output["matchedBranch"], "default");
    assert_eq!((done.output["actualValue"].clone(), done.branch.as_deref()), (Value::Null, Some("default")));
}

#[test]
fn branches_are_checked_one_by_one() {
    let branch = |id: &str| json!({ "id": id, "operator": "exists" });
    let multi = |branches: Value| problems(&json!({ "mode": "multi", "field": "data.plan", "branches": branches }));
    assert_eq!(multi(json!([])), ["/branches"]);
    assert_eq!(multi(json!((0..21).map(|n| branch(&n.to_string())).collect::<Vec<_>>())), ["/branches"]);
    assert_eq!(multi(json!([branch("a"), branch("a"), branch("default")])), ["/branches/1/id", "/branches/2/id"]);
    assert_eq!(multi(json!([{ "id": "a", "operator": "is" }])), ["/branches/0/operator"]);
    assert_eq!(multi(json!([{ "id": "a", "operator": "lessThan", "value": "x" }])), ["/branches/0/value"]);
    assert_eq!(multi(json!([{ "operator": "exists" }, 7])), ["/branches/0/id", "/branches/1"]);
    assert_eq!(multi(json!([{ "id": "a", "operator": "exists", "x/y": 1 }])), ["/branches/0/x~1y"]);
    assert_eq!(problems(&json!({ "mode": "multi", "branches": [branch("a")] })), ["/field"]);
}

#[test]
fn an_unknown_operator_is_a_problem_on_writing_and_a_failure_on_running() {
    let configs = [
        (test("data.plan", "is", json!(1)), "/operator"),
        (json!({ "any": [test("data.plan", "is", json!(1))] }), "/any/0/operator"),
    ];
    for (config, pointer) in configs {
        assert_eq!(problems(&config), [pointer]);
        assert_eq!(run::<Condition>(&config, &subject()).expect_err("a failure").code, "invalid-config");
    }
}

#[test]
fn a_test_that_can_never_hold_is_a_problem_on_writing_and_no_on_running() {
    let config = test("data.plan", "greaterThan", json!("abc"));
    assert_eq!(problems(&config), ["/value"]);
    assert_eq!(branch_of(&config), "no");
}

#[test]
fn a_large_value_does_not_burst_the_output() {
    let context = context().event(json!({ "text": "x".repeat(2_000_000) })).build();
    let outcome = run::<Condition>(&json!({ "field": "event.text", "operator": "exists" }), &context);
    let Ok(Outcome::Completed(done)) = outcome else { panic!("not completed") };
    assert!(done.output.to_string().len() < 40_000);
}

#[test]
fn the_schema_lists_every_member_side_by_side() {
    let schema = config_schema::<Condition>();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["type"], "object");
    for member in ["field", "operator", "all", "any", "not", "branches", "event", "expression", "mode"] {
        assert!(schema["properties"].get(member).is_some(), "{member}");
    }
}

mod expressions {
    use super::*;

    fn says(expression: &str) -> (bool, Value) {
        let output = done(&json!({ "expression": expression })).output;
        (output["result"] == true, output["error"].clone())
    }

    fn is_true(expression: &str) -> bool {
        says(expression).0
    }

    fn refused(expression: &str) -> String {
        let config = json!({ "expression": expression });
        assert_eq!(run::<Condition>(&config, &subject()).expect_err("a failure").code, "invalid-config");
        let found = validate::<Condition>(&config);
        assert_eq!(found[0].pointer, "/expression");
        found[0].message.clone()
    }

    #[test]
    fn an_expression_leads_to_yes_or_no() {
        let done = done(&json!({ "expression": "contact.data.age > 18 && event.source == 'web'" }));
        let text = "contact.data.age > 18 && event.source == 'web'";
        assert_eq!(done.output, json!({ "expression": text, "result": true, "branch": "yes" }));
        assert_eq!(done.branch.as_deref(), Some("yes"));
    }

    #[test]
    fn all_documents_can_be_spoken_of() {
        let expressions = [
            "contact.subscribed",
            "data.plan == 'pro'",
            "event.total == 99.5",
            "workflow.source == 'web'",
            "steps.hook.statusCode == 200",
            "variables.limit + 1 == 11",
            "event.wrapped == 'x'",
            "data.age == 36.0",
            "data.name == null",
            "has(data.plan) && !has(data.none)",
            "data.address.city in ['Ulm', 'Bonn']",
            "'a' in data.tags",
            "data['plan'] == \"pro\"",
        ];
        for expression in expressions {
            assert_eq!(says(expression), (true, Value::Null), "{expression}");
        }
    }

    #[test]
    fn lists_texts_and_dates_can_be_worked_with() {
        let expressions = [
            "data.tags.exists(t, t == 'b')",
            "data.tags.all(t, size(t) == 1)",
            "data.tags.filter(t, t > 'a') == ['b']",
            "data.tags.map(t, t + '!') == ['a!', 'b!']",
            "data.tags.exists_one(t, t == 'a')",
            "contact.email.endsWith('.org') && contact.email.contains('@') && contact.email.startsWith('Ada')",
            "now - millis(contact.createdAt) < 7 * 86400000",
            "data.age > 18 ? true : false",
            "-data.age < 0",
            "int('36') == data.age && string(data.age) == '36' && double(data.age) > 35.5 && size(data.plan) == 3",
            "data.tags.exists(t, data.tags.exists(u, t != u))",
            "bool('true') && [1, 2] + [3] == [1, 2, 3] && {'a': 1}.a == 1",
            "type(data.age) == type(1) && dyn(1) == 1 && uint(1) == 1u && bytes('a') == b'a' && 7 % 4 == 3",
        ];
        for expression in expressions {
            assert_eq!(says(expression), (true, Value::Null), "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_counts_as_no_and_says_why() {
        let cases = [
            ("data.none > 18", "there is no `none`"),
            ("data.plan > 18", "_>_"),
            ("data.tags[7] == 'a'", "shorter"),
            ("1 / (data.age - 36) == 0", "zero"),
            ("9223372036854775807 + data.age > 0", "too large"),
            ("data.plan", "neither true nor false"),
            ("millis(data.plan) > 0", "no date"),
            ("contact.none.none == 1", "there is no `none`"),
        ];
        for (expression, reason) in cases {
            let (result, error) = says(expression);
            assert!(!result && error.as_str().is_some_and(|error| error.contains(reason)), "{expression}: {error}");
        }
        assert!(is_true("data.none == 1 || true"));
    }

    #[test]
    fn what_is_no_expression_is_refused_when_it_is_written() {
        assert!(refused("data.age >").contains("line 1"));
        assert!(refused("contcat.email == 'a'").contains("`contcat`"));
        assert!(refused("now() > 1").contains("`now`"));
        assert!(refused("data.plan.matches('(a+)+')").contains("`matches`"));
        assert!(refused("Type{a: 1}.a == 1").contains("form"));
        assert!(refused("  ").contains("1 to 1000"));
        assert_eq!(problems(&json!({ "expression": "true", "field": "x" })), ["/field"]);
        assert_eq!(problems(&json!({ "expression": 1 })), ["/expression"]);
    }

    #[test]
    fn an_expression_has_a_greatest_length_and_depth() {
        refused(&"1+".repeat(2_000));
        refused(&format!("{}1{} == 1", "[".repeat(490), "]".repeat(490)));
        refused(&format!("{}1{} == 1", "(1+".repeat(200), ")".repeat(200)));
        refused(&format!("1 == 1{}", " ? true : false".repeat(20)));
        refused(&format!("{}true", "true ? true : ".repeat(17)));
        refused(&format!("data{} == 1", ".a".repeat(400)));
        refused(&format!("data{} == 1", "[0]".repeat(200)));
        refused(&format!("1{} == 1", "+1".repeat(400)));
        refused(&format!("{}1 == 1", "!-".repeat(400)));
        refused("data.tags.all(a, data.tags.all(b, data.tags.all(c, true)))");
        assert!(is_true(&format!("true{}", " && true".repeat(100))));
    }

    #[test]
    fn loops_over_long_lists_are_not_begun() {
        let context = context().event(json!({ "items": vec![1; 20_000] })).build();
        let outcome = |expression: &str| run::<Condition>(&json!({ "expression": expression }), &context);
        let Ok(Outcome::Completed(done)) = outcome("event.items.all(a, event.items.all(b, a == b))") else {
            panic!("not completed")
        };
        assert!(done.output["error"].as_str().is_some_and(|error| error.contains("20000 items")));
        let Ok(Outcome::Completed(done)) = outcome("event.items.all(a, a in event.items)") else {
            panic!("not completed")
        };
        assert_eq!(done.branch.as_deref(), Some("no"));
        let Ok(Outcome::Completed(done)) = outcome("event.items.all(a, a == 1)") else { panic!("not completed") };
        assert_eq!(done.branch.as_deref(), Some("yes"));
    }
}
