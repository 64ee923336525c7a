//! Transitions: create, insert-step, delete.

use serde_json::{Value, json};

use super::{Made, Server, text};

fn edge(made: &Made, from: usize, to: usize, more: Value) -> Value {
    let mut body = json!({ "fromStepId": made.steps[from], "toStepId": made.steps[to] });
    body.as_object_mut().expect("object").extend(more.as_object().cloned().unwrap_or_default());
    body
}

/// Steps that nothing connects, behind the trigger.
async fn loose(server: &Server, types: &[(&str, Value)]) -> Made {
    let mut made = server.workflow(json!({}), &[]).await;
    for (step_type, config) in types {
        let position = json!({ "x": 0, "y": 0 });
        let body = json!({
            "type": step_type, "name": step_type, "position": position, "config": config, "autoConnect": false,
        });
        made.steps.push(text(&server.post(&made.at("/steps"), body).await.expect(201)["id"]));
    }
    made
}

fn exit() -> (&'static str, Value) {
    ("EXIT", json!({}))
}

#[tokio::test]
async fn a_condition_has_one_transition_a_branch() {
    let server = Server::start().await;
    let made = loose(&server, &[("CONDITION", json!({})), exit(), exit()]).await;
    let path = made.at("/transitions");
    let branch = |name: &str| json!({ "condition": { "branch": name }, "priority": 2 });
    let drawn = server.post(&path, edge(&made, 1, 2, branch("true"))).await.expect(201);
    assert_eq!((&drawn["condition"], &drawn["priority"]), (&json!({ "branch": "yes" }), &json!(2)));
    assert_eq!((&drawn["fromStepId"], &drawn["waitOutcome"]), (&json!(made.steps[1]), &Value::Null));
    assert_eq!(server.post(&path, edge(&made, 1, 3, branch("yes"))).await.code(400), "BAD_REQUEST");
    server.post(&path, edge(&made, 1, 3, branch("no"))).await.expect(201);
    assert_eq!(server.post(&path, edge(&made, 1, 3, branch("maybe"))).await.field(), "condition.branch");
    assert_eq!(server.post(&path, edge(&made, 1, 3, json!({ "condition": { "if": 1 } }))).await.field(), "condition");
}

#[tokio::test]
async fn what_the_graph_does_not_allow_is_refused() {
    let server = Server::start().await;
    let made = loose(&server, &[("WEBHOOK", json!({ "url": "x" })), ("WEBHOOK", json!({ "url": "x" })), exit()]).await;
    let path = made.at("/transitions");
    for (from, to) in [(0, 1), (1, 2)] {
        server.post(&path, edge(&made, from, to, json!({}))).await.expect(201);
    }
    for (from, to) in [(2, 1), (1, 1), (3, 1), (1, 3), (2, 0)] {
        assert_eq!(
            server.post(&path, edge(&made, from, to, json!({}))).await.code(400),
            "BAD_REQUEST",
            "{from} to {to}"
        );
    }
    let unknown = json!({ "fromStepId": made.steps[2], "toStepId": "00000000-0000-4000-8000-000000000000" });
    let refused = server.post(&path, unknown).await.expect(404);
    assert_eq!(refused["error"]["message"], "Workflow step not found");
    for (body, field) in [
        (json!({ "fromStepId": made.steps[2] }), "toStepId"),
        (edge(&made, 2, 3, json!({ "priority": -1 })), "priority"),
        (edge(&made, 2, 3, json!({ "priority": 1_000_001 })), "priority"),
        (edge(&made, 2, 3, json!({ "condition": "yes" })), "condition"),
        (edge(&made, 2, 3, json!({ "waitOutcome": "EVENT" })), "waitOutcome"),
    ] {
        assert_eq!(server.post(&path, body).await.field(), field);
    }
    server.post(&path, edge(&made, 1, 3, json!({ "condition": { "branch": "error" } }))).await.expect(201);
}

#[tokio::test]
async fn a_wait_has_a_transition_for_its_event_and_one_for_its_timeout() {
    let server = Server::start().await;
    let made = loose(&server, &[("WAIT_FOR_EVENT", json!({ "eventName": "go", "timeout": 60 })), exit(), exit()]).await;
    let path = made.at("/transitions");
    let event = server.post(&path, edge(&made, 1, 2, json!({ "waitOutcome": "EVENT" }))).await.expect(201);
    assert_eq!((&event["waitOutcome"], &event["condition"]), (&json!("EVENT"), &Value::Null));
    let again = edge(&made, 1, 3, json!({ "condition": { "branch": "event" } }));
    assert_eq!(server.post(&path, again).await.code(400), "BAD_REQUEST");
    let timeout = edge(&made, 1, 3, json!({ "condition": { "fallback": true } }));
    assert_eq!(server.post(&path, timeout).await.expect(201)["waitOutcome"], "TIMEOUT");
}

#[tokio::test]
async fn a_step_is_put_into_a_transition() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[exit()].map(|(kind, config)| (kind, "end", config))).await;
    let detail = server.get(&made.at("")).await.expect(200);
    let id = text(&detail["steps"][0]["outgoingTransitions"][0]["id"]);
    let path = made.at(&format!("/transitions/{id}/insert-step"));
    let body = json!({ "type": "CONDITION", "name": "pro?", "config": {} });
    let inserted = server.post(&path, body).await.expect(201);
    assert_eq!(inserted["position"], json!({ "x": 0, "y": 0 }));
    let detail = server.get(&made.at("")).await.expect(200);
    assert_eq!(detail["steps"][0]["outgoingTransitions"][0]["toStepId"], inserted["id"]);
    let on = &detail["steps"][2]["outgoingTransitions"][0];
    assert_eq!((&on["toStepId"], &on["condition"]), (&json!(made.steps[1]), &json!({ "branch": "yes" })));
    for kind in ["TRIGGER", "EXIT"] {
        let body = json!({ "type": kind, "name": "x", "config": {} });
        assert_eq!(server.post(&path, body).await.code(400), "BAD_REQUEST", "{kind}");
    }
    let unknown = made.at("/transitions/00000000-0000-4000-8000-000000000000/insert-step");
    let refused = server.post(&unknown, json!({ "type": "EXIT", "name": "x", "config": {} })).await.expect(404);
    assert_eq!(refused["error"]["message"], "Transition not found");
}

#[tokio::test]
async fn a_transition_above_active_executions_stays_while_the_workflow_is_enabled() {
    let server = Server::start().await;
    let wait = |name: &'static str| ("WAIT_FOR_EVENT", name, json!({ "eventName": "go" }));
    let made = server.workflow(json!({ "enabled": true }), &[wait("a"), wait("b")]).await;
    let contact = server.contact("ada@example.org").await;
    server.run(&made, contact, "WAITING").await;
    let detail = server.get(&made.at("")).await.expect(200);
    let path =
        |n: usize| made.at(&format!("/transitions/{}", text(&detail["steps"][n]["outgoingTransitions"][0]["id"])));
    assert_eq!(server.delete(&path(0)).await.code(409), "CONFLICT");
    server.delete(&path(1)).await.expect(204);
    assert_eq!(server.delete(&path(1)).await.code(404), "RESOURCE_NOT_FOUND");
    server.post(&made.at("/executions/cancel-all"), json!({})).await.expect(200);
    server.delete(&path(0)).await.expect(204);
}
