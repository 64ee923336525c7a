//! Flows over restarts: what is scheduled fires once, where people stand is where they stood, and who follows a flow live misses
//! nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use stepwell_tests::{Client, Flow, HttpPeer, LiveEvent, SCHEMA, ServerOptions, Workflow, eventually};

/// On PostgreSQL a server that starts again is another node, and takes over what the one before held.
fn options() -> ServerOptions {
    ServerOptions::default().set("STEPWELL_LEASE_SECONDS", 2)
}

/// A workflow that calls a peer, for automations to run.
pub(crate) async fn caller(client: &Client, http: &HttpPeer) -> Workflow {
    let workflow = Workflow::create(client, "never", json!({ "allowReentry": true })).await;
    workflow.chain(&[("WEBHOOK", "call", json!({ "url": http.url("/called"), "timeoutMs": 30_000 }))]).await;
    workflow
}

/// A schedule that fires a minute after what stands at `begins` of the entity: templates know no shorter time.
fn at_its_time() -> Value {
    let reference = json!({ "id": "x", "origin": "trigger_entity_attribute", "schema": SCHEMA, "attribute": "begins" });
    json!({ "mode": "relative", "direction": "after", "duration": 1, "unit": "minutes", "reference": reference })
}

/// An entity at whose time a schedule fires so long from now, and that time.
pub(crate) async fn due_in(client: &Client, span: Duration) -> (String, DateTime<Utc>) {
    let at = now() + TimeDelta::from_std(span).expect("a short time");
    let begins = (at - TimeDelta::minutes(1)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    (Flow::entity(client, json!({ "begins": begins, "color": "red" })).await, at)
}

#[allow(clippy::disallowed_methods, reason = "tests live in real time")]
pub(crate) fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

/// An automation that runs a workflow at the entity's time, and a task behind it.
pub(crate) async fn scheduled(client: &Client, workflow: &Workflow) -> String {
    let tasks = json!([
        {
            "id": "run", "name": "Run", "task_type": "AUTOMATION", "trigger_mode": "automatic",
            "automation_config": { "flow_id": workflow.id }, "schedule": at_its_time(),
        },
        { "id": "then", "name": "Then", "task_type": "MANUAL" },
    ]);
    let edges = json!([{ "id": "e", "from_id": "run", "to_id": "then" }]);
    Flow::template(client, tasks, edges, json!([])).await
}

/// Checks that a schedule has fired, and once: one child, whose call arrived.
async fn fired_once(flow: &Flow, workflow: &Workflow, http: &HttpPeer) {
    let shown = flow.until("run", "COMPLETED").await;
    assert_eq!(Flow::current(&shown), ["then"]);
    let children = workflow.executions().await;
    assert_eq!(children.len(), 1, "{children:#?}");
    assert_eq!(Flow::task(&shown, "run")["automation_execution_id"], children[0]["id"]);
    let calls: BTreeSet<_> = http.received().iter().map(|call| call.header("webhook-id").to_owned()).collect();
    assert_eq!((calls.len(), http.received().len()), (1, 1));
}

#[tokio::test]
async fn a_schedule_survives_a_kill_and_fires_once() {
    let (mut server, http) = (options().start().await, HttpPeer::start().await);
    let workflow = caller(&server.client(), &http).await;
    let template = scheduled(&server.client(), &workflow).await;
    let (entity, _) = due_in(&server.client(), Duration::from_secs(6)).await;
    let flow = Flow::start(&server.client(), &template, &entity).await;
    let before = flow.show().await;
    let schedule = &Flow::task(&before, "run")["schedule"];
    assert!(schedule["schedule_id"].is_string() && schedule["scheduled_at"].is_string(), "{schedule:#}");
    server.kill_and_restart().await;
    let (flow, workflow) = (flow.on(&server.client()), workflow.on(&server.client()));
    let after = flow.show().await;
    assert_eq!(Flow::task(&after, "run")["status"], "SCHEDULED", "the server took too long to start");
    assert_eq!(after, before, "a kill changes nothing");
    fired_once(&flow, &workflow, &http).await;
}

#[tokio::test]
async fn a_schedule_that_falls_due_while_the_server_is_down_fires_once_it_is_up() {
    let (mut server, http) = (options().start().await, HttpPeer::start().await);
    let workflow = caller(&server.client(), &http).await;
    let template = scheduled(&server.client(), &workflow).await;
    let (entity, at) = due_in(&server.client(), Duration::from_secs(3)).await;
    let flow = Flow::start(&server.client(), &template, &entity).await;
    assert_eq!(Flow::task(&flow.show().await, "run")["status"], "SCHEDULED");
    server.kill().await;
    eventually("its time", || async { (now() > at).then_some(()) }).await;
    server.restart().await;
    fired_once(&flow.on(&server.client()), &workflow.on(&server.client()), &http).await;
    server.kill_and_restart().await;
    fired_once(&flow.on(&server.client()), &workflow.on(&server.client()), &http).await;
}

#[tokio::test]
async fn a_decision_that_is_scheduled_is_made_after_a_kill() {
    let mut server = options().start().await;
    let client = server.client();
    let is = |id: &str, color: &str| {
        let source = json!({ "origin": "trigger", "origin_type": "entity", "attribute": "color" });
        let statement = json!({ "id": format!("s-{id}"), "source": source, "operator": "equals", "values": [color] });
        json!({ "id": id, "branch_name": id, "logical_operator": "AND", "statements": [statement] })
    };
    let tasks = json!([
        {
            "id": "which", "name": "Which", "task_type": "DECISION", "trigger_mode": "automatic",
            "conditions": [is("red", "red"), is("blue", "blue")], "schedule": at_its_time(),
        },
        { "id": "paint-red", "name": "Red", "task_type": "MANUAL" },
        { "id": "paint-blue", "name": "Blue", "task_type": "MANUAL" },
    ]);
    let edges = json!([
        { "id": "e-1", "from_id": "which", "to_id": "paint-red", "condition_id": "red" },
        { "id": "e-2", "from_id": "which", "to_id": "paint-blue", "condition_id": "blue" },
    ]);
    let template = Flow::template(&client, tasks, edges, json!([])).await;
    let (entity, _) = due_in(&client, Duration::from_secs(4)).await;
    let flow = Flow::start(&client, &template, &entity).await;
    assert_eq!(Flow::current(&flow.show().await), ["which"]);
    server.kill_and_restart().await;
    let client = server.client();
    // What counts is how it is when the decision is made.
    client.patch(&format!("/v1/entity/{SCHEMA}/{entity}"), json!({ "color": "blue" })).await.expect(200);
    let shown = flow.on(&client).until("which", "COMPLETED").await;
    assert_eq!(Flow::current(&shown), ["paint-blue"]);
}

#[tokio::test]
async fn what_people_did_is_there_after_a_kill_and_goes_on_from_there() {
    let mut server = options().start().await;
    let client = server.client();
    let task = |id: &str| json!({ "id": id, "name": id, "task_type": "MANUAL", "phase_id": "p" });
    let tasks = json!([task("a"), task("b"), task("c")]);
    let edges = json!([{ "id": "1", "from_id": "a", "to_id": "b" }, { "id": "2", "from_id": "b", "to_id": "c" }]);
    let template = Flow::template(&client, tasks, edges, json!([{ "id": "p", "name": "P" }])).await;
    let entity = Flow::entity(&client, json!({})).await;
    let mut flow = Flow::start(&client, &template, &entity).await;
    for key in ["a", "b"] {
        flow.patch(key, json!({ "status": "COMPLETED" })).await;
        let before = flow.show().await;
        server.kill_and_restart().await;
        flow = flow.on(&server.client());
        assert_eq!(flow.show().await, before);
    }
    let shown = flow.show().await;
    let (previous, next) = (&Flow::task(&shown, "b")["id"], &Flow::task(&shown, "c")["id"]);
    let added = json!({ "previous_task_id": previous, "next_task_id": next, "task": { "name": "Between" } });
    let added = server.client().post(&flow.path("/tasks"), added).await.expect(201);
    server.kill_and_restart().await;
    flow = flow.on(&server.client());
    let shown = flow.show().await;
    assert_eq!(shown["crt_tasks"][0]["id"], added["id"], "its own graph is there as well: {shown:#}");
    for key in [added["template_id"].as_str().expect("an id"), "c"] {
        flow.patch(key, json!({ "status": "COMPLETED" })).await;
    }
    let ended = flow.show().await;
    assert_eq!((&ended["status"], &ended["phases"][0]["status"]), (&json!("DONE"), &json!("COMPLETED")));
}

#[tokio::test]
async fn a_flow_that_is_followed_live_is_followed_on_over_a_restart_without_gap_or_repetition() {
    let mut server = options().start().await;
    let client = server.client();
    let task = |id: &str| json!({ "id": id, "name": id, "task_type": "MANUAL" });
    let tasks = json!([task("a"), task("b"), task("c")]);
    let edges = json!([{ "id": "1", "from_id": "a", "to_id": "b" }, { "id": "2", "from_id": "b", "to_id": "c" }]);
    let template = Flow::template(&client, tasks, edges, json!([])).await;
    let flow = Flow::start(&client, &template, &Flow::entity(&client, json!({})).await).await;
    let mut live = client.live(&flow.id, None).await;
    let mut events = live.until("step-waiting").await;
    flow.patch("a", json!({ "status": "COMPLETED" })).await;
    events.extend(live.until("step-waiting").await);
    server.kill_and_restart().await;
    while let Some(event) = live.next().await {
        events.push(event);
    }
    let (client, last) = (server.client(), events.last().expect("an event").id);
    let mut live = client.live(&flow.id, Some(last)).await;
    let flow = flow.on(&client);
    flow.patch("b", json!({ "status": "SKIPPED" })).await;
    flow.patch("c", json!({ "status": "COMPLETED" })).await;
    events.extend(live.until("execution-completed").await);
    assert_eq!(live.next().await, None, "a stream ends with what it follows");
    assert!(events.iter().map(|event| event.id).eq(1..=i64::try_from(events.len()).expect("few")), "{events:#?}");
    let changed: Vec<_> = events.iter().filter(|event| event.event == "task-changed").map(told).collect();
    assert_eq!(changed, [("a", "completed"), ("b", "skipped"), ("c", "completed")], "{events:#?}");
    let again = client.live(&flow.id, None).await.until("execution-completed").await;
    assert_eq!(again, events, "who comes later is told the same");
}

/// Which task an event says has changed, and to what.
fn told(event: &LiveEvent) -> (&str, &str) {
    let text = |name: &str| event.data["data"][name].as_str().unwrap_or_default();
    (text("name"), text("to"))
}
