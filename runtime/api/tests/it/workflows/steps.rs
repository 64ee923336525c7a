//! Steps: add, patch, delete.

use serde_json::{Value, json};

use super::{Made, OURS, Server, THEIRS, text};

fn step(step_type: &str, config: Value) -> Value {
    json!({ "type": step_type, "name": "new", "position": { "x": 1, "y": 2.5 }, "config": config })
}

async fn names(server: &Server, made: &Made) -> Vec<String> {
    let detail = server.get(&made.at("")).await.expect(200);
    detail["steps"].as_array().expect("steps").iter().map(|step| text(&step["name"])).collect()
}

#[tokio::test]
async fn a_step_is_added_connected_and_pinned_to_the_component_that_checked_it() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[]).await;
    let mut body = step("delay", json!({ "amount": 1, "unit": "hours" }));
    body["retry"] = json!({ "maxAttempts": 3 });
    let added = server.post(&made.at("/steps"), body).await.expect(201);
    assert_eq!((&added["type"], &added["position"]), (&json!("DELAY"), &json!({ "x": 1, "y": 2.5 })));
    assert_eq!(added["pluginDigest"], json!("cd".repeat(32)));
    assert_eq!((&added["retry"]["maxAttempts"], &added["retry"]["multiplier"]), (&json!(3), &json!(2.0)));
    let detail = server.get(&made.at("")).await.expect(200);
    let edge = &detail["steps"][0]["outgoingTransitions"][0];
    assert_eq!((&edge["toStepId"], &edge["condition"], &edge["priority"]), (&added["id"], &Value::Null, &json!(0)));
    assert_eq!(detail["steps"][1]["incomingTransitions"][0]["id"], edge["id"]);
    assert_eq!(detail["version"], 2);
}

#[tokio::test]
async fn any_installed_step_type_can_be_used_and_others_are_answered_with_the_list() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[]).await;
    assert_eq!(server.post(&made.at("/steps"), step("TRIAGE", json!({}))).await.expect(201)["type"], "TRIAGE");
    let refused = server.post(&made.at("/steps"), step("TELEPORT", json!({}))).await.expect(422);
    let error = &refused["error"]["errors"][0];
    assert_eq!(error["field"], "type");
    assert!(text(&error["message"]).contains("SEND_EMAIL") && text(&error["message"]).contains("TRIAGE"));
    assert_eq!(server.post(&made.at("/steps"), step("TRIGGER", json!({}))).await.code(400), "BAD_REQUEST");
}

#[tokio::test]
async fn what_is_wrong_with_a_step_is_named() {
    let server = Server::start().await;
    let made = server.workflow(json!({ "enabled": true }), &[]).await;
    let with = |member: &str, value: Value| {
        let mut body = step("EXIT", json!({}));
        body[member] = value;
        body
    };
    let cases = [
        (step("DELAY", json!({ "amount": "soon", "unit": "hours" })), "config.amount"),
        (step("DELAY", json!({ "amount": 9_000, "unit": "hours" })), "config.amount"),
        (step("DELAY", json!({ "amount": 1 })), "config.unit"),
        (step("DELAY", json!({ "amount": 1, "unit": "hours", "x": 1 })), "config.x"),
        (step("SEND_EMAIL", json!({})), "config.templateId"),
        (step("SEND_EMAIL", json!({ "templateId": "x" })), "config.templateId"),
        (with("config", json!({ "reason": "x".repeat(300_000) })), "config"),
        (with("config", Value::Null), "config"),
        (with("name", json!(" ")), "name"),
        (with("position", json!({ "x": 1 })), "position.y"),
        (with("position", json!({ "x": 1e300, "y": 0 })), "position.x"),
        (with("templateId", json!("00000000-0000-4000-8000-000000000000")), "templateId"),
        (with("retry", json!({ "maxAttempts": 0 })), "retry.maxAttempts"),
        (with("colour", json!("red")), "colour"),
    ];
    for (body, field) in cases {
        let refused = server.post(&made.at("/steps"), body).await.field();
        assert_eq!(refused, field);
    }
    assert_eq!(names(&server, &made).await.len(), 1);
}

#[tokio::test]
async fn a_template_may_be_named_in_either_place_and_must_be_of_the_workspace() {
    let server = Server::start().await;
    let made = server.workflow(json!({ "enabled": true }), &[]).await;
    let (ours, theirs) = (server.template(OURS).await, server.template(THEIRS).await);
    for config in [json!({ "templateId": ours }), json!({})] {
        let mut body = step("SEND_EMAIL", config);
        body["templateId"] = json!(ours);
        let added = server.post(&made.at("/steps"), body).await.expect(201);
        assert_eq!((&added["templateId"], &added["config"]["templateId"]), (&json!(ours), &json!(ours)));
    }
    let foreign = step("SEND_EMAIL", json!({ "templateId": theirs }));
    let refused = server.post(&made.at("/steps"), foreign).await.expect(404);
    assert_eq!(refused["error"]["message"], "Template not found");
    let detail = server.get(&made.at("")).await.expect(200);
    assert_eq!(detail["steps"][1]["template"], json!({ "id": ours, "name": "Hello" }));
}

#[tokio::test]
async fn a_patch_changes_what_is_sent_and_never_the_type() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[("DELAY", "wait", json!({ "amount": 1, "unit": "hours" }))]).await;
    let patched =
        server.patch(&made.step(1), json!({ "name": "longer", "position": { "x": 5, "y": 6 } })).await.expect(200);
    assert_eq!((&patched["name"], &patched["config"]["amount"]), (&json!("longer"), &json!(1)));
    let patched = server.patch(&made.step(1), json!({ "config": { "amount": 2, "unit": "days" } })).await.expect(200);
    assert_eq!(patched["config"], json!({ "amount": 2, "unit": "days" }));
    assert_eq!(server.patch(&made.step(1), json!({ "config": { "amount": "x" } })).await.field(), "config.amount");
    assert_eq!(server.patch(&made.step(1), json!({ "type": "EXIT" })).await.field(), "type");
    let unknown = made.at("/steps/00000000-0000-4000-8000-000000000000");
    let refused = server.patch(&unknown, json!({ "name": "x" })).await.expect(404);
    assert_eq!(refused["error"]["message"], "Workflow step not found");
}

#[tokio::test]
async fn a_template_is_cleared_by_null_and_kept_when_nothing_is_said() {
    let server = Server::start().await;
    let template = server.template(OURS).await;
    let made = server.workflow(json!({}), &[("SEND_EMAIL", "mail", json!({ "templateId": template }))]).await;
    let kept = server.patch(&made.step(1), json!({ "config": {} })).await.expect(200);
    assert_eq!((&kept["templateId"], &kept["config"]["templateId"]), (&json!(template), &json!(template)));
    let cleared = server.patch(&made.step(1), json!({ "templateId": null })).await.expect(200);
    assert_eq!((&cleared["templateId"], &cleared["config"]), (&Value::Null, &json!({})));
}

#[tokio::test]
async fn the_trigger_step_can_be_moved_and_not_configured() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[]).await;
    let moved = server.patch(&made.step(0), json!({ "position": { "x": 1, "y": 1 } })).await.expect(200);
    assert_eq!(moved["position"], json!({ "x": 1, "y": 1 }));
    server.patch(&made.step(0), json!({ "config": { "eventName": "signed_up" } })).await.expect(200);
    assert_eq!(server.patch(&made.step(0), json!({ "config": { "eventName": "x" } })).await.code(400), "BAD_REQUEST");
    assert_eq!(server.delete(&made.step(0)).await.code(400), "BAD_REQUEST");
}

async fn three(server: &Server, enabled: bool) -> Made {
    let wait = |name: &'static str| ("WAIT_FOR_EVENT", name, json!({ "eventName": "go" }));
    server.workflow(json!({ "enabled": enabled }), &[wait("a"), wait("b"), wait("c")]).await
}

#[tokio::test]
async fn a_step_is_deleted_alone_with_what_it_leads_to_or_out_of_its_line() {
    let server = Server::start().await;
    let alone = three(&server, false).await;
    server.delete(&alone.step(2)).await.expect(204);
    assert_eq!(names(&server, &alone).await[1..], ["a", "c"]);
    let cascade = three(&server, false).await;
    let removed = server.delete(&format!("{}?cascade=true", cascade.step(2))).await.expect(200);
    let removed: Vec<_> =
        removed["removed"].as_array().expect("removed").iter().map(|step| text(&step["name"])).collect();
    assert_eq!(removed, ["b", "c"]);
    let spliced = three(&server, false).await;
    server.delete(&format!("{}?splice=true", spliced.step(2))).await.expect(204);
    let detail = server.get(&spliced.at("")).await.expect(200);
    assert_eq!(detail["steps"][1]["outgoingTransitions"][0]["toStepId"], json!(spliced.steps[3]));
    let both = format!("{}?splice=true&cascade=true", spliced.step(1));
    assert_eq!(server.delete(&both).await.field(), "splice");
    assert_eq!(server.delete(&format!("{}?cascade=perhaps", spliced.step(1))).await.field(), "cascade");
}

#[tokio::test]
async fn a_step_that_active_executions_stand_on_stays_while_the_workflow_is_enabled() {
    let server = Server::start().await;
    let made = three(&server, true).await;
    let contact = server.contact("ada@example.org").await;
    server.run(&made, contact, "WAITING").await;
    assert_eq!(server.delete(&made.step(1)).await.code(409), "CONFLICT");
    server.delete(&made.step(3)).await.expect(204);
    server.patch(&made.at(""), json!({ "enabled": false })).await.expect(200);
    server.delete(&made.step(1)).await.expect(204);
}

#[tokio::test]
async fn a_live_workflow_is_edited_and_active_executions_stay_on_their_version() {
    let server = Server::start().await;
    let steps = [("WAIT_FOR_EVENT", "w", json!({ "eventName": "go" })), ("EXIT", "end", json!({ "reason": "old" }))];
    let made = server.workflow(json!({ "enabled": true }), &steps).await;
    let contact = server.contact("ada@example.org").await;
    let before = server.run(&made, contact, "WAITING").await;
    server.patch(&made.step(2), json!({ "config": { "reason": "new" } })).await.expect(200);
    let now = server.get(&made.at("")).await.expect(200);
    assert_eq!((&before["workflowVersion"], &now["version"]), (&json!(3), &json!(4)));
    let old = server.get(&made.at("/versions/3")).await.expect(200);
    assert_eq!(old["steps"][2]["config"]["reason"], "old");
}

#[tokio::test]
async fn edits_at_the_same_time_are_all_kept() {
    let server = std::sync::Arc::new(Server::start().await);
    let made = std::sync::Arc::new(server.workflow(json!({}), &[]).await);
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..4 {
        let (server, made) = (server.clone(), made.clone());
        calls.spawn(async move {
            let mut body = step("EXIT", json!({}));
            body["name"] = json!(format!("s{n}"));
            body["autoConnect"] = json!(false);
            server.post(&made.at("/steps"), body).await.status
        });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses, [201; 4]);
    assert_eq!(names(&server, &made).await.len(), 5);
}
