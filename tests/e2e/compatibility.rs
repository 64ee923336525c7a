//! The compatibility list of the workflows surface (spec plunk-workflows, section 14), by its numbers. Conditions, waits and
//! webhooks have modules of their own.

use serde_json::{Value, json};
use stepwell_tests::{Server, Workflow};

/// 1
#[tokio::test]
async fn a_new_workflow_is_disabled_and_has_one_trigger_step() {
    let server = Server::start().await;
    let client = server.client();
    let created = client.post("/workflows", json!({ "name": "Welcome", "eventName": " signed_up " })).await.expect(201);
    assert_eq!(created["enabled"], false);
    assert_eq!(created["triggerType"], "EVENT");
    assert_eq!(created["triggerConfig"], json!({ "eventName": "signed_up" }));
    assert_eq!(created["allowReentry"], false);
    let id = created["id"].as_str().expect("an id");
    let detail = client.get(&format!("/workflows/{id}")).await.expect(200);
    let steps = detail["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0]["type"], "TRIGGER");
    assert_eq!(steps[0]["name"], "Trigger: signed_up");
    assert_eq!(steps[0]["position"], json!({ "x": 100, "y": 100 }));
    assert_eq!(steps[0]["config"], json!({ "eventName": "signed_up" }));
}

/// 1
#[tokio::test]
async fn a_workflow_can_be_created_enabled() {
    let server = Server::start().await;
    let body = json!({ "name": "Welcome", "eventName": "signed_up", "enabled": true });
    assert_eq!(server.client().post("/workflows", body).await.expect(201)["enabled"], true);
}

/// 2
#[tokio::test]
async fn a_step_is_connected_to_the_last_one_by_itself() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({ "enabled": false })).await;
    let template = template(&client, "TRANSACTIONAL").await;
    let body = json!({
        "type": "SEND_EMAIL", "name": "Hello", "position": {"x": 1, "y": 2}, "config": {}, "templateId": template,
        "autoConnect": true,
    });
    let step = client.post(&workflow.path("/steps"), body).await.expect(201);
    let detail = client.get(&workflow.path("")).await.expect(200);
    let edge = &detail["steps"][0]["outgoingTransitions"][0];
    assert_eq!((&edge["fromStepId"], &edge["toStepId"]), (&json!(workflow.trigger), &step["id"]));
    assert_eq!((&edge["priority"], &edge["condition"]), (&json!(0), &Value::Null));
}

/// 3
#[tokio::test]
async fn a_condition_takes_one_edge_a_branch() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let config = json!({ "field": "contact.data.plan", "operator": "equals", "value": "pro" });
    let condition = workflow.step("CONDITION", "Pro?", config).await;
    let (yes, no) = (workflow.step("EXIT", "yes", json!({})).await, workflow.step("EXIT", "no", json!({})).await);
    workflow.connect(&workflow.trigger, &condition, Value::Null).await;
    workflow.connect(&condition, &yes, json!({ "branch": "yes" })).await;
    workflow.connect(&condition, &no, json!({ "branch": "no" })).await;
    let again = json!({ "fromStepId": condition, "toStepId": no, "condition": { "branch": "yes" } });
    client.post(&workflow.path("/transitions"), again).await.expect(400);
}

/// 5
#[tokio::test]
async fn edges_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let ids = workflow
        .chain(&[
            ("UPDATE_CONTACT", "first", json!({ "data": { "a": 1 } })),
            ("UPDATE_CONTACT", "second", json!({ "data": { "b": 1 } })),
        ])
        .await;
    let exit = workflow.step("EXIT", "end", json!({})).await;
    let refused = [
        ("a cycle", &ids[1], &ids[0]),
        ("an edge to itself", &ids[1], &ids[1]),
        ("an edge out of an exit", &exit, &ids[1]),
        ("a second edge out of an ordinary step", &ids[0], &exit),
    ];
    for (what, from, to) in refused {
        let reply = client.post(&workflow.path("/transitions"), json!({ "fromStepId": from, "toStepId": to })).await;
        assert_eq!(reply.status, 400, "{what}: {:#}", reply.body);
        assert_eq!(reply.code(), "BAD_REQUEST", "{what}");
    }
    let unknown = json!({ "fromStepId": ids[1], "toStepId": "00000000-0000-4000-8000-000000000000" });
    client.post(&workflow.path("/transitions"), unknown).await.expect(404);
}

/// 6
#[tokio::test]
async fn executions_are_listed_by_page_and_status() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    for n in 0..3 {
        client.track("signed_up", &format!("ada{n}@example.org"), json!({})).await;
    }
    stepwell_tests::eventually("three ended executions", || async {
        let page = client.get(&workflow.path("/executions?status=EXITED")).await.expect(200);
        (page["total"] == 3).then_some(())
    })
    .await;
    let page = client.get(&workflow.path("/executions?page=2&pageSize=2&status=EXITED")).await.expect(200);
    assert_eq!(page["executions"].as_array().map(Vec::len), Some(1));
    assert_eq!((&page["page"], &page["pageSize"], &page["totalPages"]), (&json!(2), &json!(2), &json!(2)));
    assert!(page["executions"][0]["contact"]["email"].is_string());
    let clamped = client.get(&workflow.path("/executions?pageSize=500")).await.expect(200);
    assert_eq!(clamped["pageSize"], 100);
    let pending = client.get(&workflow.path("/executions?status=PENDING")).await.expect(200);
    assert_eq!((&pending["executions"], &pending["total"]), (&json!([]), &json!(0)));
}

/// 7
#[tokio::test]
async fn cancelling_answers_with_the_cancelled_execution() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = waiting_workflow(&client).await;
    for email in ["ada@example.org", "bob@example.org", "eve@example.org"] {
        client.track("signed_up", email, json!({})).await;
    }
    let waiting = workflow.newest_in(&["WAITING"]).await;
    let id = waiting["id"].as_str().expect("an id");
    let cancelled = client.delete(&workflow.path(&format!("/executions/{id}"))).await.expect(200);
    assert_eq!(cancelled["status"], "CANCELLED");
    assert_eq!(cancelled["exitReason"], "Cancelled by user");
    assert!(cancelled["completedAt"].is_string());
    let all = client.post(&workflow.path("/executions/cancel-all"), json!({})).await.expect(200);
    assert_eq!(all, json!({ "cancelled": 2 }));
    let reasons: Vec<_> = workflow.executions().await.iter().map(|run| run["exitReason"].clone()).collect();
    assert_eq!(reasons.iter().filter(|reason| **reason == "Cancelled by user (bulk cancel)").count(), 2);
}

/// 8
#[tokio::test]
async fn a_workflow_with_active_executions_cannot_be_deleted() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = waiting_workflow(&client).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    client.delete(&workflow.path("")).await.expect(409);
    client.post(&workflow.path("/executions/cancel-all"), json!({})).await.expect(200);
    client.delete(&workflow.path("")).await.expect(204);
    client.get(&workflow.path("")).await.expect(404);
}

/// 9
#[tokio::test]
async fn an_event_of_an_unknown_address_makes_the_contact_and_starts_an_execution() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    let data = json!({ "plan": "pro", "code": { "value": "x1", "persistent": false } });
    let answer = client.track("signed_up", " Ada@Example.org ", data.clone()).await;
    assert_eq!(answer["success"], true);
    let id = answer["data"]["contact"].as_str().expect("a contact id");
    assert!(answer["data"]["event"].is_string() && answer["data"]["timestamp"].is_string());
    let contact = client.get(&format!("/contacts/{id}")).await.expect(200);
    assert_eq!((&contact["email"], &contact["subscribed"]), (&json!("ada@example.org"), &json!(true)));
    assert_eq!(contact["data"], json!({ "plan": "pro" }));
    let execution = workflow.finished().await;
    assert_eq!((&execution["contactId"], &execution["context"]), (&json!(id), &data));
}

/// 10
#[tokio::test]
async fn names_of_system_events_cannot_be_tracked() {
    let server = Server::start().await;
    for name in ["email.open", "contact.subscribed", "contact.unsubscribed", "segment.vip.entry"] {
        let reply = server.client().post("/v1/track", json!({ "event": name, "email": "ada@example.org" })).await;
        assert_eq!((reply.status, reply.code()), (422, "VALIDATION_ERROR"), "{name}");
        assert_eq!(reply.body["error"]["errors"][0]["code"], "reserved_event", "{name}");
    }
}

/// 11
#[tokio::test]
async fn without_reentry_a_contact_goes_through_once() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let first = workflow.finished().await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    assert_eq!(workflow.executions().await.len(), 1);
    let by_hand = client.post(&workflow.path("/executions"), json!({ "contactId": first["contactId"] })).await;
    assert_eq!((by_hand.status, by_hand.code()), (409, "CONFLICT"));
}

/// 11
#[tokio::test]
async fn with_reentry_a_contact_enters_again_even_while_one_execution_waits() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({ "allowReentry": true })).await;
    workflow.chain(&[("DELAY", "pause", json!({ "amount": 1, "unit": "hours" }))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    assert_eq!(workflow.executions().await.len(), 2);
}

/// 14
#[tokio::test]
async fn a_contact_is_updated_by_data_and_by_updates() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow
        .chain(&[
            ("UPDATE_CONTACT", "by data", json!({ "data": { "tier": "gold" } })),
            ("UPDATE_CONTACT", "by updates", json!({ "updates": { "seen": null, "visits": 3 } })),
            ("UPDATE_CONTACT", "leave", json!({ "subscriptionAction": "unsubscribe" })),
        ])
        .await;
    let contact =
        client.track("signed_up", "ada@example.org", json!({ "plan": "pro" })).await["data"]["contact"].clone();
    let execution = workflow.finished().await;
    assert_eq!(execution["status"], "COMPLETED", "{execution:#}");
    let contact = client.get(&format!("/contacts/{}", contact.as_str().expect("an id"))).await.expect(200);
    assert_eq!(contact["data"], json!({ "plan": "pro", "tier": "gold", "seen": null, "visits": 3 }));
    assert_eq!(contact["subscribed"], false);
    let output = &Workflow::visit(&execution, "by updates")["output"];
    assert_eq!((&output["updated"], &output["newData"]["tier"]), (&json!(true), &json!("gold")));
}

/// 15
#[tokio::test]
async fn an_exit_gives_its_reason() {
    let server = Server::start().await;
    let client = server.client();
    for (event, config, reason) in
        [("one", json!({}), "exit_step"), ("two", json!({ "reason": "not a fit" }), "not a fit")]
    {
        let workflow = Workflow::create(&client, event, json!({})).await;
        workflow.chain(&[("EXIT", "end", config)]).await;
        client.track(event, "ada@example.org", json!({})).await;
        let execution = workflow.finished().await;
        assert_eq!((&execution["status"], &execution["exitReason"]), (&json!("EXITED"), &json!(reason)));
        let output = &Workflow::visit(&execution, "end")["output"];
        assert_eq!(output, &json!({ "exited": true, "reason": reason }));
    }
}

/// 18
#[tokio::test]
async fn an_absent_and_a_wrong_key_are_told_apart() {
    let server = Server::start().await;
    for path in ["/workflows", "/contacts", "/templates", "/events"] {
        let absent = server.client_with(None).get(path).await;
        assert_eq!((absent.status, absent.code()), (401, "MISSING_AUTH"), "{path}");
        let wrong = server.client_with(Some(&format!("sk_{}", "0".repeat(64)))).get(path).await;
        assert_eq!((wrong.status, wrong.code()), (401, "INVALID_API_KEY"), "{path}");
        let id = wrong.header("x-request-id");
        assert_eq!(wrong.body["error"]["requestId"], id, "{path}");
    }
}

/// A workflow whose executions wait for an event that never comes.
async fn waiting_workflow(client: &stepwell_tests::Client) -> Workflow {
    let workflow = Workflow::create(client, "signed_up", json!({})).await;
    workflow.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "never" }))]).await;
    workflow
}

async fn template(client: &stepwell_tests::Client, kind: &str) -> Value {
    let body = json!({
        "name": "Hello", "subject": "Hello", "body": "<p>Hello</p>", "from": "team@example.org", "type": kind,
    });
    client.post("/templates", body).await.expect(201)["id"].clone()
}
