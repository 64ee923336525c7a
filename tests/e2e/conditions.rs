//! Conditions as a workflow meets them (spec plunk-workflows, 8.5, 14 numbers 4 and 16).

use serde_json::{Value, json};
use stepwell_tests::{Client, Server, Workflow};

/// The branch a condition takes for a contact with this data, and its output.
async fn branch(client: &Client, n: usize, config: Value, data: Value) -> (String, Value) {
    let event = format!("case_{n}");
    let workflow = Workflow::create(client, &event, json!({})).await;
    workflow.chain(&[("CONDITION", "check", config)]).await;
    client.track(&event, &format!("case{n}@example.org"), data).await;
    let ended = workflow.finished().await;
    assert_eq!(ended["status"], "COMPLETED", "{ended:#}");
    let output = Workflow::visit(&ended, "check")["output"].clone();
    (output["branch"].as_str().unwrap_or_default().to_owned(), output)
}

#[tokio::test]
async fn the_first_branch_that_holds_is_taken_and_without_an_edge_the_execution_completes() {
    let server = Server::start().await;
    let client = server.client();
    let config = json!({ "mode": "multi", "field": "data.plan", "branches": [
        { "id": "b1", "name": "Pro", "operator": "equals", "value": "pro" },
        { "id": "b2", "name": "Any", "operator": "exists" },
    ]});
    let (pro, output) = branch(&client, 1, config.clone(), json!({ "plan": "pro" })).await;
    assert_eq!((pro.as_str(), &output["matchedBranch"], &output["mode"]), ("b1", &json!("Pro"), &json!("multi")));
    let (any, _) = branch(&client, 2, config.clone(), json!({ "plan": "free" })).await;
    assert_eq!(any, "b2");
    let (none, _) = branch(&client, 3, config, json!({})).await;
    assert_eq!(none, "default");
}

#[tokio::test]
async fn missing_values_are_compared_as_the_table_says() {
    let server = Server::start().await;
    let client = server.client();
    let cases = [
        ("equals", json!("x"), "no"),
        ("notEquals", json!("x"), "no"),
        ("contains", json!("x"), "no"),
        ("notContains", json!("x"), "no"),
        ("greaterThan", json!(1), "no"),
        ("lessThan", json!(1), "no"),
        ("greaterThanOrEqual", json!(1), "no"),
        ("lessThanOrEqual", json!(1), "no"),
        ("exists", Value::Null, "no"),
        ("notExists", Value::Null, "yes"),
    ];
    for (n, (operator, value, expected)) in cases.into_iter().enumerate() {
        let mut config = json!({ "field": "contact.data.missing", "operator": operator });
        if !value.is_null() {
            config["value"] = value;
        }
        let (taken, output) = branch(&client, n, config, json!({})).await;
        assert_eq!(taken, expected, "{operator}: {output:#}");
    }
}

#[tokio::test]
async fn the_output_says_what_was_compared() {
    let server = Server::start().await;
    let config = json!({ "field": "contact.data.age", "operator": "greaterThan", "value": 18 });
    let (_, output) = branch(&server.client(), 1, config, json!({ "age": 21 })).await;
    let expected = json!({
        "field": "contact.data.age", "operator": "greaterThan", "expectedValue": 18, "actualValue": 21, "result": true,
        "branch": "yes",
    });
    assert_eq!(output, expected);
}

#[tokio::test]
async fn tests_can_be_grouped_by_all_and_any() {
    let server = Server::start().await;
    let config = json!({ "all": [
        { "field": "data.plan", "operator": "equals", "value": "pro" },
        { "any": [
            { "field": "event.source", "operator": "equals", "value": "web" },
            { "field": "data.age", "operator": "lessThan", "value": 18 },
        ]},
    ]});
    let (both, _) = branch(&server.client(), 1, config.clone(), json!({ "plan": "pro", "source": "web" })).await;
    let (one, _) = branch(&server.client(), 2, config, json!({ "plan": "pro", "source": "app" })).await;
    assert_eq!((both.as_str(), one.as_str()), ("yes", "no"));
}

#[tokio::test]
async fn dates_are_compared_and_the_contacts_own_dates_resolve() {
    let server = Server::start().await;
    let client = server.client();
    let cases = [
        (json!({ "field": "contact.createdAt", "operator": "withinDays", "value": 1 }), "yes"),
        (json!({ "field": "contact.updatedAt", "operator": "before", "value": "2020-01-01" }), "no"),
        (json!({ "field": "data.birthday", "operator": "after", "value": "1990-01-01T00:00:00Z" }), "yes"),
    ];
    for (n, (config, expected)) in cases.into_iter().enumerate() {
        let (taken, output) = branch(&client, n, config, json!({ "birthday": "1995-05-05" })).await;
        assert_eq!(taken, expected, "{output:#}");
    }
}

#[tokio::test]
async fn an_expression_decides_like_an_operator() {
    let server = Server::start().await;
    let config = json!({ "expression": "contact.data.age > 18 && event.source == 'web'" });
    let (yes, _) = branch(&server.client(), 1, config.clone(), json!({ "age": 21, "source": "web" })).await;
    let (no, _) = branch(&server.client(), 2, config, json!({ "age": 21, "source": "app" })).await;
    assert_eq!((yes.as_str(), no.as_str()), ("yes", "no"));
}

#[tokio::test]
async fn how_often_something_happened_can_be_asked() {
    let server = Server::start().await;
    let client = server.client();
    for _ in 0..2 {
        client.track("bought", "case1@example.org", json!({})).await;
    }
    let config = json!({ "event": "bought", "operator": "greaterThanOrEqual", "value": 2 });
    let (twice, _) = branch(&client, 1, config.clone(), json!({})).await;
    let (never, _) = branch(&client, 2, config, json!({})).await;
    assert_eq!((twice.as_str(), never.as_str()), ("yes", "no"));
}
