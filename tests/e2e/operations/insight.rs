//! What can be seen of workflows: the catalogue of events, fields, counters by step, dry runs, versions.

use serde_json::{Value, json};
use stepwell_tests::{Client, HttpPeer, Server, Workflow, eventually};

/// 15.1 number 10
#[tokio::test]
async fn events_of_the_server_can_be_picked_before_they_happen() {
    let server = Server::start().await;
    let client = server.client();
    client.track("signed_up", "ada@example.org", json!({ "source": "web" })).await;
    let names = client.get("/events/names").await.expect(200)["eventNames"].clone();
    let names: Vec<_> = names.as_array().expect("names").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    for name in [
        "signed_up",
        "email.sent",
        "email.open",
        "email.click",
        "email.bounce",
        "contact.subscribed",
        "contact.unsubscribed",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    let fields = client.get("/workflows/fields?eventName=email.click").await.expect(200);
    let fields: Vec<_> = fields["fields"].as_array().expect("fields").iter().filter_map(Value::as_str).collect();
    assert!(fields.contains(&"event.link"), "{fields:?}");
}

/// 3.2
#[tokio::test]
async fn fields_are_found_with_their_types_and_categories() {
    let server = Server::start().await;
    let client = server.client();
    let data = json!({ "plan": "pro", "age": 21, "vip": true, "since": "2026-01-02T03:04:05.000Z", "code": { "value": 1, "persistent": false } });
    client.track("signed_up", "ada@example.org", data).await;
    let fields = client.get("/workflows/fields?eventName=signed_up").await.expect(200);
    let typed = fields["typedFields"].as_array().expect("typedFields");
    let expected = [
        ("contact.email", "string", "Contact Fields"),
        ("contact.subscribed", "boolean", "Contact Fields"),
        ("contact.createdAt", "date", "Contact Fields"),
        ("contact.updatedAt", "date", "Contact Fields"),
        ("contact.data.plan", "string", "Custom Data"),
        ("contact.data.age", "number", "Custom Data"),
        ("contact.data.vip", "boolean", "Custom Data"),
        ("contact.data.since", "date", "Custom Data"),
        ("event.plan", "string", "Event Data"),
        ("event.code", "string", "Event Data"),
    ];
    for (field, kind, category) in expected {
        let wanted = json!({ "field": field, "type": kind, "category": category });
        assert!(typed.contains(&wanted), "{wanted} in {typed:#?}");
    }
    assert_eq!(fields["count"], typed.len());
    assert!(!fields["fields"].to_string().contains("contact.data.code"), "{fields:#}");
    let without = client.get("/workflows/fields").await.expect(200);
    assert!(!without["fields"].to_string().contains("event."), "{without:#}");
}

async fn stats(client: &Client, workflow: &Workflow, name: &str) -> Value {
    let stats = client.get(&workflow.path("/stats")).await.expect(200);
    let mut steps = stats["steps"].as_array().expect("steps").iter();
    steps.find(|step| step["name"] == name).cloned().unwrap_or_else(|| panic!("{name} in {stats:#}"))
}

/// 15.1 number 4
#[tokio::test]
async fn each_step_counts_who_came_and_how_it_ended() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let config = json!({ "url": peer.url("/hook"), "failOnError": true });
    let ids = workflow
        .chain(&[
            ("UPDATE_CONTACT", "mark", json!({ "data": { "seen": true } })),
            ("WEBHOOK", "hook", config),
            ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "go" })),
        ])
        .await;
    peer.script(stepwell_tests::Script::of(400, "no"));
    client.track("signed_up", "c0@example.org", json!({})).await;
    workflow.newest_in(&["FAILED"]).await;
    for n in 1..4 {
        client.track("signed_up", &format!("c{n}@example.org"), json!({})).await;
        workflow.newest_in(&["WAITING"]).await;
    }
    client.track("go", "c1@example.org", json!({})).await;
    eventually("one completed", || async {
        let page = client.get(&workflow.path("/executions?status=COMPLETED")).await.expect(200);
        (page["total"] == 1).then_some(())
    })
    .await;
    client.post(&workflow.path("/executions/cancel-all"), json!({})).await.expect(200);
    let of =
        |step: &Value| ["entered", "completed", "failed", "skipped"].map(|name| step[name].as_u64().expect("a number"));
    eventually("all ended", || async { (of(&stats(&client, &workflow, "wait").await) == [3, 1, 0, 2]).then_some(()) })
        .await;
    assert_eq!(of(&stats(&client, &workflow, "mark").await), [4, 4, 0, 0]);
    assert_eq!(of(&stats(&client, &workflow, "hook").await), [4, 3, 1, 0]);
    // An edit makes a version, whose numbers are its own.
    let version = client.get(&workflow.path("")).await.expect(200)["version"].clone();
    client
        .patch(&workflow.path(&format!("/steps/{}", ids[0])), json!({ "config": { "data": { "seen": 2 } } }))
        .await
        .expect(200);
    client.track("signed_up", "c9@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    let mark = stats(&client, &workflow, "mark").await;
    assert_eq!(mark["entered"], 5);
    let by_version: Vec<_> = mark["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|of| (of["version"].clone(), of["entered"].clone()))
        .collect();
    assert!(by_version.contains(&(version, json!(4))), "{by_version:?}");
    assert!(by_version.iter().any(|(_, entered)| *entered == 1), "{by_version:?}");
}

/// 15.1 number 9
#[tokio::test]
async fn a_dry_run_walks_the_whole_workflow_and_touches_nothing() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    let client = server.client();
    let template = json!({ "name": "Hi", "subject": "Hi {{ name }}", "body": "<p>Hi</p>", "from": "team@example.org" });
    let template = client.post("/templates", template).await.expect(201)["id"].clone();
    let workflow = Workflow::create(&client, "signed_up", json!({ "enabled": false })).await;
    let ids = workflow
        .chain(&[
            ("UPDATE_CONTACT", "mark", json!({ "data": { "greeting": "Hello {{ name }}" } })),
            ("WEBHOOK", "hook", json!({ "url": peer.url("/hook?secret=1") })),
            ("SEND_EMAIL", "mail", json!({ "templateId": template })),
            ("DELAY", "a week", json!({ "amount": 7, "unit": "days" })),
            ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "paid", "timeout": 86400 })),
        ])
        .await;
    for (outcome, reason) in [("EVENT", "came"), ("TIMEOUT", "late")] {
        let exit = workflow.step("EXIT", reason, json!({ "reason": reason })).await;
        let body = json!({ "fromStepId": ids[4], "toStepId": exit, "waitOutcome": outcome });
        client.post(&workflow.path("/transitions"), body).await.expect(201);
    }
    client.post("/contacts", json!({ "email": "ada@example.org", "data": { "name": "Ada" } })).await.expect(201);
    let contacts = client.get("/contacts").await.expect(200);
    let events = client.get("/events").await.expect(200);
    let made_up = json!({ "email": "eve@example.org", "data": { "name": "Eve" } });
    let stored = json!(contacts["data"][0]["id"]);
    for (request, name, reason) in [
        (json!({ "contact": made_up, "arrivals": [{ "eventName": "paid", "data": { "amount": 5 } }] }), "Eve", "came"),
        (json!({ "contactId": stored }), "Ada", "late"),
    ] {
        let result = client.post(&workflow.path("/dry-run"), request).await.expect(200);
        assert_eq!((&result["status"], &result["exitReason"]), (&json!("EXITED"), &json!(reason)), "{result:#}");
        assert_eq!(result["contactData"]["greeting"], format!("Hello {name}"));
        let steps = result["steps"].as_array().expect("steps");
        let step = |name: &str| {
            steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("{name} in {result:#}"))
        };
        let request = step("hook")["requests"][0].as_str().expect("a request").to_owned();
        assert!(request.starts_with("POST ") && request.ends_with("/hook"), "{request}");
        assert_eq!(step("mail")["messages"][0]["subject"], format!("Hi {name}"));
        assert_eq!((&step("wait")["outcome"], &step("wait")["waitEventName"]), (&json!("waiting"), &json!("paid")));
        let time =
            |step: &Value| chrono::DateTime::parse_from_rfc3339(step["at"].as_str().expect("a time")).expect("a time");
        assert!(time(step("wait")) - time(step("mail")) >= chrono::TimeDelta::days(7), "{result:#}");
    }
    assert!(peer.received().is_empty());
    assert_eq!(client.get("/contacts").await.expect(200), contacts);
    assert_eq!(client.get("/events").await.expect(200), events);
    assert!(workflow.executions().await.is_empty());
    let usage = client.get(&format!("/templates/{}/usage", template.as_str().expect("an id"))).await.expect(200);
    assert_eq!(usage["emailsSent"], 0);
    let counted = client.get(&workflow.path("/stats")).await.expect(200);
    assert!(counted["steps"].as_array().expect("steps").iter().all(|step| step["entered"] == 0), "{counted:#}");
}

/// 15.1 number 3
#[tokio::test]
async fn every_edit_of_a_graph_is_a_version_that_can_be_read() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({ "enabled": false })).await;
    let exit = workflow.step("EXIT", "end", json!({ "reason": "one" })).await;
    let before = client.get(&workflow.path("")).await.expect(200)["version"].as_u64().expect("a number");
    client.patch(&workflow.path(&format!("/steps/{exit}")), json!({ "config": { "reason": "two" } })).await.expect(200);
    let after = client.get(&workflow.path("")).await.expect(200)["version"].as_u64().expect("a number");
    assert_eq!(after, before + 1);
    let reason = |version: u64| {
        let path = workflow.path(&format!("/versions/{version}"));
        let client = client.clone();
        async move {
            let detail = client.get(&path).await.expect(200);
            let steps = detail["steps"].as_array().expect("steps").clone();
            steps.iter().find(|step| step["type"] == "EXIT").expect("the exit")["config"]["reason"].clone()
        }
    };
    assert_eq!((reason(before).await, reason(after).await), (json!("one"), json!("two")));
    client.get(&workflow.path("/versions/99")).await.expect(404);
    let renamed = client.patch(&workflow.path(""), json!({ "name": "Other" })).await.expect(200);
    assert_eq!(renamed["version"], after, "a new name is no new graph");
}

/// What happened, in order and without gaps.
#[tokio::test]
async fn the_journal_of_an_execution_can_be_followed() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let end = ("EXIT", "end", json!({}));
    workflow.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "go" })), end]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let execution = workflow.newest_in(&["WAITING"]).await;
    let path = workflow.path(&format!("/executions/{}/journal", execution["id"].as_str().expect("an id")));
    let entries = |after: i64| {
        let (client, path) = (client.clone(), format!("{path}?after={after}"));
        async move { client.get(&path).await.expect(200)["entries"].as_array().cloned().expect("entries") }
    };
    let first = entries(0).await;
    let seen = first.last().and_then(|entry| entry["number"].as_i64()).expect("an entry");
    client.track("go", "ada@example.org", json!({})).await;
    workflow.finished().await;
    let all = entries(0).await;
    let numbers: Vec<_> = all.iter().filter_map(|entry| entry["number"].as_i64()).collect();
    assert_eq!(numbers, (1..=i64::try_from(all.len()).expect("a number")).collect::<Vec<_>>());
    assert_eq!(entries(seen).await.len(), all.len() - first.len());
    let kinds: Vec<_> = all.iter().filter_map(|entry| entry["kind"].as_str()).collect();
    assert!(
        kinds.iter().any(|kind| kind.contains("wait")) && kinds.iter().any(|kind| kind.contains("exit")),
        "{kinds:?}"
    );
}
