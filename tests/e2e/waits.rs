//! Delays and waits for events (spec plunk-workflows, 8.3, 8.4, 14 number 12).

use serde_json::{Value, json};
use stepwell_tests::{Client, Server, Workflow};

/// trigger → wait → event: "came" / timeout: "late"
async fn branching_wait(client: &Client, config: Value) -> Workflow {
    let workflow = Workflow::create(client, "signed_up", json!({})).await;
    let wait = workflow.step("WAIT_FOR_EVENT", "wait", config).await;
    workflow.connect(&workflow.trigger, &wait, Value::Null).await;
    for (name, outcome) in [("came", "EVENT"), ("late", "TIMEOUT")] {
        let step = workflow.step("EXIT", name, json!({ "reason": name })).await;
        let edge = json!({ "fromStepId": wait, "toStepId": step, "waitOutcome": outcome });
        client.post(&workflow.path("/transitions"), edge).await.expect(201);
    }
    workflow
}

#[tokio::test]
async fn an_event_ends_a_wait_on_its_edge_and_its_data_is_seen_downstream() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = branching_wait(&client, json!({ "eventName": "paid", "timeout": 3600 })).await;
    client.track("signed_up", "ada@example.org", json!({ "source": "web" })).await;
    let waiting = workflow.newest_in(&["WAITING"]).await;
    let visit = Workflow::visit(&waiting, "wait");
    assert_eq!(visit["status"], "WAITING");
    assert!(visit["executeAfter"].is_string());
    client.track("paid", "bob@example.org", json!({})).await;
    client.track("paid", "ada@example.org", json!({ "amount": 12 })).await;
    let ended = workflow.finished().await;
    assert_eq!(ended["exitReason"], "came");
    assert_eq!(ended["context"], json!({ "source": "web", "amount": 12 }));
    let output = &Workflow::visit(&ended, "wait")["output"];
    assert_eq!((&output["eventName"], &output["eventData"]), (&json!("paid"), &json!({ "amount": 12 })));
    assert_eq!((&output["waitOutcome"], &output["eventReceived"]), (&json!("EVENT"), &json!(true)));
}

#[tokio::test]
async fn a_timeout_ends_a_wait_on_its_edge() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = branching_wait(&client, json!({ "eventName": "paid", "timeout": 1 })).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let ended = workflow.finished().await;
    assert_eq!(ended["exitReason"], "late");
    let output = &Workflow::visit(&ended, "wait")["output"];
    assert_eq!((&output["timedOut"], &output["eventName"]), (&json!(true), &json!("paid")));
}

#[tokio::test]
async fn a_wait_without_a_timeout_has_no_deadline_and_one_plain_edge_serves() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let end = ("EXIT", "end", json!({}));
    workflow.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "paid" })), end]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let waiting = workflow.newest_in(&["WAITING"]).await;
    assert_eq!(Workflow::visit(&waiting, "wait")["executeAfter"], Value::Null);
    client.track("paid", "ada@example.org", json!({})).await;
    assert_eq!(workflow.finished().await["status"], "EXITED");
}

#[tokio::test]
async fn a_cancelled_execution_stays_cancelled_when_its_event_arrives() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = branching_wait(&client, json!({ "eventName": "paid", "timeout": 1 })).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let waiting = workflow.newest_in(&["WAITING"]).await;
    let id = waiting["id"].as_str().expect("an id").to_owned();
    client.delete(&workflow.path(&format!("/executions/{id}"))).await.expect(200);
    client.track("paid", "ada@example.org", json!({})).await;
    // A later execution that waits as long shows that the first one's timeout has passed too.
    client.track("signed_up", "bob@example.org", json!({})).await;
    workflow.newest_in(&["EXITED"]).await;
    let cancelled = workflow.execution(&id).await;
    assert_eq!(cancelled["status"], "CANCELLED");
    assert_eq!(Workflow::visit(&cancelled, "wait")["status"], "SKIPPED");
}

#[tokio::test]
async fn a_wait_ends_only_by_an_event_that_its_filter_lets_through() {
    let server = Server::start().await;
    let client = server.client();
    let filter = json!({ "field": "event.amount", "operator": "greaterThan", "value": 10 });
    let workflow = branching_wait(&client, json!({ "eventName": "paid", "timeout": 3600, "filter": filter })).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    client.track("paid", "ada@example.org", json!({ "amount": 5 })).await;
    assert_eq!(workflow.executions().await[0]["status"], "WAITING");
    client.track("paid", "ada@example.org", json!({ "amount": 50 })).await;
    assert_eq!(workflow.finished().await["context"]["amount"], 50);
}

#[tokio::test]
async fn a_delay_at_the_end_completes_and_two_delays_in_a_row_both_count() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let second = json!({ "amount": 1, "unit": "seconds" });
    workflow.chain(&[("DELAY", "first", second.clone()), ("DELAY", "second", second)]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let ended = workflow.finished().await;
    assert_eq!((&ended["status"], &ended["currentStepId"]), (&json!("COMPLETED"), &Value::Null));
    for name in ["first", "second"] {
        let visit = Workflow::visit(&ended, name);
        assert_eq!((&visit["status"], &visit["output"]["delayUnit"]), (&json!("COMPLETED"), &json!("seconds")));
    }
    let time = |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str().expect("a time")).expect("RFC 3339");
    let took = time(&ended["completedAt"]) - time(&ended["startedAt"]);
    assert!(took >= chrono::TimeDelta::seconds(2), "{took}");
}

#[tokio::test]
async fn a_wait_outlives_a_kill() {
    let mut server = Server::start().await;
    let workflow = branching_wait(&server.client(), json!({ "eventName": "paid", "timeout": 3600 })).await;
    server.client().track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    server.kill_and_restart().await;
    server.client().track("paid", "ada@example.org", json!({})).await;
    assert_eq!(workflow.on(&server.client()).finished().await["exitReason"], "came");
}
