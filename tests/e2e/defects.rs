//! Defects of the surface's origin that must not come back (spec plunk-workflows, 15.2). Rows about conditions, waits and
//! webhooks have their tests in the modules of these names: cancelled waits, delays, filters, date operators, groups, signed and
//! retried webhooks, redirects, the answer's use, the payload.

use serde_json::{Value, json};
use stepwell_tests::{Client, Server, Workflow};

#[tokio::test]
async fn cancelling_an_ended_execution_leaves_its_status() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let ended = workflow.finished().await;
    let path = workflow.path(&format!("/executions/{}", ended["id"].as_str().expect("an id")));
    let after = client.delete(&path).await.expect(200);
    assert_eq!((&after["status"], &after["exitReason"]), (&json!("EXITED"), &json!("exit_step")));
}

#[tokio::test]
async fn a_bad_configuration_is_refused_on_write_with_its_path() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let cases = [
        ("DELAY", json!({ "amount": "soon", "unit": "hours" }), "config.amount"),
        ("DELAY", json!({ "amount": 1, "unit": "moons" }), "config.unit"),
        ("WAIT_FOR_EVENT", json!({ "timeout": 5 }), "config"),
        ("WEBHOOK", json!({ "url": "https://example.org", "method": "FETCH" }), "config.method"),
        ("CONDITION", json!({ "field": "data.x", "operator": "resembles", "value": 1 }), "config"),
    ];
    for (kind, config, path) in cases {
        let body = json!({ "type": kind, "name": "bad", "position": {"x": 0, "y": 0}, "config": config });
        let reply = client.post(&workflow.path("/steps"), body).await;
        assert_eq!((reply.status, reply.code()), (422, "VALIDATION_ERROR"), "{kind}: {:#}", reply.body);
        let field = reply.body["error"]["errors"][0]["field"].as_str().unwrap_or_default();
        assert!(field.starts_with(path), "{kind}: {field} in place of {path}");
    }
    assert_eq!(client.get(&workflow.path("")).await.expect(200)["steps"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_workflow_with_an_unfinished_step_cannot_be_enabled() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({ "enabled": false })).await;
    workflow.step("SEND_EMAIL", "mail", json!({})).await;
    let reply = client.patch(&workflow.path(""), json!({ "enabled": true })).await;
    assert_eq!((reply.status, reply.code()), (422, "VALIDATION_ERROR"), "{:#}", reply.body);
    assert_eq!(client.get(&workflow.path("")).await.expect(200)["enabled"], false);
}

#[tokio::test]
async fn a_template_may_be_named_in_the_configuration_or_beside_it() {
    let server = Server::start().await;
    let client = server.client();
    let body = json!({ "name": "Hello", "subject": "Hi", "body": "<p>Hi</p>", "from": "team@example.org" });
    let template = client.post("/templates", body).await.expect(201)["id"].clone();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    for extra in [json!({ "config": { "templateId": template } }), json!({ "config": {}, "templateId": template })] {
        let mut body =
            json!({ "type": "SEND_EMAIL", "name": "mail", "position": {"x": 0, "y": 0}, "autoConnect": false });
        body.as_object_mut().expect("an object").extend(extra.as_object().cloned().expect("an object"));
        let step = client.post(&workflow.path("/steps"), body).await.expect(201);
        assert_eq!((&step["templateId"], &step["config"]["templateId"]), (&template, &template));
    }
}

#[tokio::test]
async fn errors_have_one_envelope_and_a_code_that_fits_the_status() {
    let server = Server::start().await;
    let client = server.client();
    let nowhere = "/workflows/00000000-0000-4000-8000-000000000000";
    let unknown = client.get(nowhere).await;
    assert_eq!((unknown.status, unknown.code()), (404, "WORKFLOW_NOT_FOUND"));
    let missing = client.post("/workflows", json!({ "eventName": "x" })).await;
    assert!((400..=422).contains(&missing.status));
    assert!(missing.body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    for reply in [&unknown, &missing] {
        assert_eq!(reply.body["success"], false);
        assert_eq!(reply.body["error"]["statusCode"], reply.status);
        assert_eq!(reply.body["error"]["requestId"], reply.header("x-request-id"));
        assert!(reply.body["timestamp"].is_string());
        assert_ne!(reply.code(), "INTERNAL_SERVER_ERROR");
    }
}

#[tokio::test]
async fn a_request_is_answered_before_its_webhook_is() {
    let (server, peer) = (Server::start().await, stepwell_tests::HttpPeer::start().await);
    peer.script(stepwell_tests::Script::of(200, "{}").after(std::time::Duration::from_secs(3)));
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("WEBHOOK", "hook", json!({ "url": peer.url("/hook") }))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    // The peer still holds its answer back, so the step cannot have ended.
    assert_eq!(workflow.executions().await[0]["status"], "RUNNING");
    assert_eq!(workflow.finished().await["status"], "COMPLETED");
}

#[tokio::test]
async fn a_failed_execution_can_be_retried_from_the_failed_step() {
    let (server, peer) = (Server::start().await, stepwell_tests::HttpPeer::start().await);
    peer.script(stepwell_tests::Script::of(500, "down"));
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow
        .chain(&[
            ("UPDATE_CONTACT", "before", json!({ "data": { "seen": true } })),
            ("WEBHOOK", "hook", json!({ "url": peer.url("/hook"), "failOnError": true })),
            ("EXIT", "end", json!({})),
        ])
        .await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let failed = workflow.newest_in(&["FAILED"]).await;
    let path = workflow.path(&format!("/executions/{}", failed["id"].as_str().expect("an id")));
    client.post(&format!("{path}/retry"), json!({})).await.expect(200);
    let ended = workflow.newest_in(&["EXITED"]).await;
    let visits = |name: &str| {
        let all = ended["stepExecutions"].as_array().expect("stepExecutions").iter();
        all.filter(|visit| visit["step"]["name"] == name).count()
    };
    assert_eq!((visits("before"), visits("hook")), (1, 2));
}

#[tokio::test]
async fn one_active_execution_a_contact_can_be_asked_for() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({ "reentry": "one_active" })).await;
    workflow.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "go" }))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    assert_eq!(workflow.executions().await.len(), 1);
    client.track("go", "ada@example.org", json!({})).await;
    workflow.finished().await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    assert_eq!(workflow.executions().await.len(), 2);
}

#[tokio::test]
async fn a_failed_or_cancelled_execution_need_not_count_as_the_one() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({ "reentry": "once_unless_failed" })).await;
    workflow.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "go" }))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    client.post(&workflow.path("/executions/cancel-all"), json!({})).await.expect(200);
    client.track("signed_up", "ada@example.org", json!({})).await;
    assert_eq!(workflow.executions().await.len(), 2);
}

#[tokio::test]
async fn simultaneous_first_events_make_one_contact_and_one_execution() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    let calls = (0..40).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.track("signed_up", "ada@example.org", json!({})).await })
    });
    let mut contacts = std::collections::HashSet::new();
    for call in calls.collect::<Vec<_>>() {
        contacts.insert(call.await.expect("an answer")["data"]["contact"].to_string());
    }
    assert_eq!((contacts.len(), workflow.executions().await.len()), (1, 1));
}

/// trigger → first → second → third
async fn three_steps(client: &Client) -> (Workflow, Vec<String>) {
    let workflow = Workflow::create(client, "signed_up", json!({})).await;
    let ids = workflow
        .chain(&[
            ("UPDATE_CONTACT", "first", json!({ "data": { "a": 1 } })),
            ("UPDATE_CONTACT", "second", json!({ "data": { "b": 1 } })),
            ("UPDATE_CONTACT", "third", json!({ "data": { "c": 1 } })),
        ])
        .await;
    (workflow, ids)
}

async fn names(client: &Client, workflow: &Workflow) -> Vec<String> {
    let detail = client.get(&workflow.path("")).await.expect(200);
    let steps = detail["steps"].as_array().expect("steps").iter();
    steps.skip(1).map(|step| step["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn deleting_a_step_takes_only_the_step_unless_more_is_asked_for() {
    let server = Server::start().await;
    let client = server.client();
    let (plain, ids) = three_steps(&client).await;
    client.delete(&plain.path(&format!("/steps/{}", ids[1]))).await.expect(204);
    assert_eq!(names(&client, &plain).await, ["first", "third"]);
    let (spliced, ids) = three_steps(&client).await;
    client.delete(&spliced.path(&format!("/steps/{}?splice=true", ids[1]))).await.expect(204);
    let detail = client.get(&spliced.path("")).await.expect(200);
    assert_eq!(detail["steps"][1]["outgoingTransitions"][0]["toStepId"], json!(ids[2]));
    let (cascading, ids) = three_steps(&client).await;
    let reply = client.delete(&cascading.path(&format!("/steps/{}?cascade=true", ids[1]))).await;
    assert!([200, 204].contains(&reply.status), "{:#}", reply.body);
    assert_eq!(names(&client, &cascading).await, ["first"]);
}

#[tokio::test]
async fn a_schedule_starts_executions_and_a_bad_one_is_refused() {
    let server = Server::start().await;
    let client = server.client();
    let bad = json!({ "name": "x", "triggerType": "SCHEDULE", "triggerConfig": { "cron": "whenever" } });
    assert_eq!(client.post("/workflows", bad).await.status, 422);
    let workflow = Workflow::create(
        &client,
        "unused",
        json!({ "triggerType": "SCHEDULE", "triggerConfig": { "cron": "* * * * * *", "timeZone": "Europe/Berlin" } }),
    )
    .await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    let execution = workflow.newest_in(&["EXITED"]).await;
    assert!(execution["context"]["scheduledFor"].is_string(), "{execution:#}");
}

#[tokio::test]
async fn texts_written_to_a_contact_are_rendered_and_a_null_deletes_if_asked() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let config = json!({ "data": { "greeting": "Hi {{ data.name }}", "name": null }, "deleteNulls": true });
    workflow.chain(&[("UPDATE_CONTACT", "write", config)]).await;
    client.track("signed_up", "ada@example.org", json!({ "name": "Ada" })).await;
    let execution = workflow.finished().await;
    assert_eq!(Workflow::visit(&execution, "write")["output"]["newData"], json!({ "greeting": "Hi Ada" }));
}

#[tokio::test]
async fn a_wrapped_value_is_found_with_and_without_its_wrapper() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let test = |field: &str| json!({ "field": field, "operator": "equals", "value": "x1" });
    workflow.chain(&[("CONDITION", "check", json!({ "all": [test("event.code"), test("event.code.value")] }))]).await;
    client.track("signed_up", "ada@example.org", json!({ "code": { "value": "x1", "persistent": false } })).await;
    assert_eq!(Workflow::visit(&workflow.finished().await, "check")["output"]["branch"], "yes");
}

#[tokio::test]
async fn a_step_is_not_connected_behind_an_exit() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    let body = json!({
        "type": "UPDATE_CONTACT", "name": "late", "position": {"x": 0, "y": 0}, "config": { "data": { "a": 1 } },
    });
    let step = client.post(&workflow.path("/steps"), body).await.expect(201);
    let detail = client.get(&workflow.path("")).await.expect(200);
    let added = detail["steps"].as_array().expect("steps").iter().find(|known| known["id"] == step["id"]);
    assert_eq!(added.map(|step| step["incomingTransitions"].clone()), Some(json!([])));
}

#[tokio::test]
async fn the_sample_name_of_the_seed_is_taken_for_the_event_it_means() {
    let server = Server::start().await;
    let client = server.client();
    let names = client.get("/events/names").await.expect(200);
    let names: Vec<_> = names["eventNames"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&"email.click") && names.contains(&"email.open"), "{names:?}");
    let workflow = Workflow::create(&client, "email.clicked", json!({})).await;
    let detail = client.get(&workflow.path("")).await.expect(200);
    assert_eq!(detail["triggerConfig"]["eventName"], "email.clicked");
}

#[tokio::test]
async fn an_unknown_status_in_a_filter_is_refused() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let reply = client.get(&workflow.path("/executions?status=DANCING")).await;
    assert_eq!((reply.status, reply.code()), (422, "VALIDATION_ERROR"));
}

#[tokio::test]
async fn a_live_workflow_can_be_edited_and_running_executions_stay_on_their_version() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let end = ("EXIT", "end", json!({ "reason": "old" }));
    let ids = workflow.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "go" })), end]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    client
        .patch(&workflow.path(&format!("/steps/{}", ids[1])), json!({ "config": { "reason": "new" } }))
        .await
        .expect(200);
    client.track("go", "ada@example.org", json!({})).await;
    assert_eq!(workflow.finished().await["exitReason"], "old");
    client.track("signed_up", "bob@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    client.track("go", "bob@example.org", json!({})).await;
    assert_eq!(workflow.finished().await["exitReason"], "new");
}
