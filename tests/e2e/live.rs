//! Following executions live, over restarts and from several places at once.

use serde_json::{Value, json};
use stepwell_tests::{Client, Live, LiveEvent, Server, Workflow, eventually};

/// trigger → wait for "paid" → wait for "shipped" → end
async fn waiting(client: &Client) -> (Workflow, String) {
    let workflow = Workflow::create(client, "signed_up", json!({})).await;
    let wait = |event: &str| json!({ "eventName": event });
    workflow
        .chain(&[
            ("WAIT_FOR_EVENT", "pay", wait("paid")),
            ("WAIT_FOR_EVENT", "ship", wait("shipped")),
            ("EXIT", "end", json!({})),
        ])
        .await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let id = workflow.newest_in(&["WAITING"]).await["id"].as_str().expect("an id").to_owned();
    (workflow, id)
}

async fn journal(workflow: &Workflow, client: &Client, execution: &str) -> Vec<Value> {
    let path = workflow.path(&format!("/executions/{execution}/journal?limit=500"));
    client.get(&path).await.expect(200)["entries"].as_array().expect("entries").clone()
}

fn data(events: &[LiveEvent]) -> Vec<Value> {
    events.iter().map(|event| event.data.clone()).collect()
}

/// The rest of the events, over as many streams as it takes. It ends with the execution.
async fn rest(client: &Client, execution: &str, mut last: i64) -> Vec<LiveEvent> {
    let mut events: Vec<LiveEvent> = Vec::new();
    loop {
        let mut live = client.live(execution, Some(last)).await;
        while let Some(event) = live.next().await {
            last = event.id;
            events.push(event);
            if events.last().is_some_and(|event| event.event == "execution-exited") {
                return events;
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_comes_back_over_a_restart_misses_nothing_and_has_nothing_twice() {
    let mut server = Server::start().await;
    let (workflow, id) = waiting(&server.client()).await;
    let mut live = server.client().live(&id, None).await;
    let mut events = live.until("step-waiting").await;
    server.client().track("paid", "ada@example.org", json!({})).await;
    events.extend(live.until("step-waiting").await);
    server.kill_and_restart().await;
    while let Some(event) = live.next().await {
        events.push(event);
    }
    let client = server.client();
    client.track("shipped", "ada@example.org", json!({})).await;
    events.extend(rest(&client, &id, events.last().expect("an event").id).await);
    let numbers: Vec<i64> = events.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (1..=i64::try_from(events.len()).expect("few")).collect::<Vec<_>>());
    assert_eq!(data(&events), journal(&workflow, &client, &id).await);
    for event in &events {
        assert_eq!((&event.data["number"], &event.data["kind"]), (&json!(event.id), &json!(event.event)));
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_ends_the_streams_and_is_not_held_up_by_them() {
    let mut server = Server::start().await;
    let (_, id) = waiting(&server.client()).await;
    let mut live = server.client().live(&id, None).await;
    live.until("step-waiting").await;
    assert_eq!(server.terminate().await, Some(0));
    assert_eq!(live.next().await, None);
}

#[tokio::test]
async fn a_stream_tells_what_happens_within_the_second_and_not_what_happens_elsewhere() {
    let server = Server::start().await;
    let client = server.client();
    let (workflow, id) = waiting(&client).await;
    let mut live = client.live(&id, None).await;
    let events = live.until("step-waiting").await;
    client.track("signed_up", "bob@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    client.track("paid", "bob@example.org", json!({})).await;
    client.track("paid", "ada@example.org", json!({})).await;
    let more = live.until("step-waiting").await;
    assert_eq!(more[0].id, events.last().expect("an event").id + 1);
    assert_eq!(more[0].event, "step-woken");
    assert_eq!(data(&[events, more].concat()), journal(&workflow, &client, &id).await);
}

#[tokio::test]
async fn what_belongs_to_another_workspace_or_is_nothing_cannot_be_followed() {
    let server = Server::start().await;
    let (_, id) = waiting(&server.client()).await;
    let other = another_workspace(&server).await;
    assert_eq!(refusal(other.try_live(&id, None).await), 404);
    assert_eq!(refusal(server.client_with(None).try_live(&id, None).await), 401);
    assert_eq!(refusal(server.client().try_live("00000000-0000-4000-8000-000000000000", None).await), 404);
    assert_eq!(refusal(server.client().try_live(&id, Some(-1)).await), 400);
}

#[tokio::test]
async fn too_many_streams_are_refused_and_have_room_again_when_others_have_gone() {
    let server = Server::start().await;
    let client = server.client();
    let (_, id) = waiting(&client).await;
    let mut open = Vec::new();
    let refused = loop {
        match client.try_live(&id, None).await {
            Ok(live) => open.push(live),
            Err(reply) => break reply,
        }
        assert!(open.len() <= 64, "no bound");
    };
    assert_eq!((open.len(), refused.status, refused.code()), (64, 503, "SERVICE_UNAVAILABLE"));
    assert_ne!(refused.header("retry-after"), "");
    open.pop();
    eventually("room for one more", || async { client.try_live(&id, None).await.ok() }).await;
}

/// A client of a workspace that was just made.
async fn another_workspace(server: &Server) -> Client {
    assert!(server.command(&["workspace", "create", "Other"]).await.status.success());
    let made = server.command(&["key", "create", "--workspace", "Other"]).await;
    let text = String::from_utf8_lossy(&made.stdout);
    server.client_with(text.lines().map(str::trim).find(|line| line.starts_with("sk_")))
}

fn refusal(answer: Result<Live, stepwell_tests::Reply>) -> u16 {
    answer.err().expect("a refusal").status
}
