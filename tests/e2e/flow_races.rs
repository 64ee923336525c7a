//! Two at once on one flow: one of them wins, the other sees what came of it, and the flow moves once. Many rounds, as each shows
//! only one of the orders.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell_tests::{Client, Flow, HttpPeer, LiveEvent, Reply, Server, eventually};

use crate::flow_restart::{caller, due_in, now, scheduled};

/// Rounds of each race.
const ROUNDS: u32 = 30;

/// Rounds of the timer's race that run side by side.
const AT_ONCE: u32 = 6;

/// `first` → `second` → `third`, by people.
async fn chain(client: &Client) -> String {
    let task = |id: &str| json!({ "id": id, "name": id, "task_type": "MANUAL" });
    let tasks = json!([task("first"), task("second"), task("third")]);
    let edge = |id: &str, from: &str, to: &str| json!({ "id": id, "from_id": from, "to_id": to });
    Flow::template(client, tasks, json!([edge("1", "first", "second"), edge("2", "second", "third")]), json!([])).await
}

/// What two people do to a task at the same time, each in their own name.
async fn both(flow: &Flow, path: &str, [ada, bob]: [&Value; 2]) -> [Reply; 2] {
    let (ada, bob) = tokio::join!(flow.patch_as("ada", path, ada), flow.patch_as("bob", path, bob));
    [ada.expect("an answer"), bob.expect("an answer")]
}

/// All that has happened to a flow so far, up to the last entry of a kind.
async fn told(client: &Client, flow: &Flow, count: usize, kind: &str) -> Vec<LiveEvent> {
    let mut live = client.live(&flow.id, None).await;
    let mut events = Vec::new();
    for _ in 0..count {
        events.extend(live.until(kind).await);
    }
    events
}

fn of_kind<'e>(events: &'e [LiveEvent], kind: &str) -> Vec<&'e LiveEvent> {
    events.iter().filter(|event| event.event == kind).collect()
}

/// Both are told that it is done and by whom: somebody who completes what is completed changes nothing.
#[tokio::test]
async fn of_two_people_who_complete_a_task_at_once_one_does_and_both_see_who() {
    let server = Server::start().await;
    let client = server.client();
    let (template, entity) = (chain(&client).await, Flow::entity(&client, json!({})).await);
    let mut winners = BTreeSet::new();
    for round in 0..ROUNDS {
        let flow = Flow::start(&client, &template, &entity).await;
        let (path, done) = (flow.task_path("first").await, json!({ "status": "COMPLETED" }));
        let [ada, bob] = both(&flow, &path, [&done, &done]).await.map(|reply| reply.expect(200));
        let by = |task: &Value| task["analytics"]["completed_by"].as_str().expect("who").to_owned();
        assert_eq!((by(&ada), &ada["status"]), (by(&bob), &bob["status"]), "round {round}: {ada:#} {bob:#}");
        winners.insert(by(&ada));
        assert_eq!(Flow::current(&flow.show().await), ["second"], "round {round}");
        // The start and the completion each leave one task waiting.
        let events = told(&client, &flow, 2, "step-waiting").await;
        let changes = of_kind(&events, "task-changed");
        assert_eq!(changes.len(), 1, "round {round}: {events:#?}");
        assert_eq!(changes[0].data["data"]["by"], by(&ada), "round {round}");
    }
    println!("won by {winners:?}");
}

/// To skip what is completed, or to complete what is skipped, is allowed and moves nothing: the flow has moved on once.
#[tokio::test]
async fn of_one_who_completes_a_task_and_one_who_skips_it_the_flow_follows_the_first_alone() {
    let server = Server::start().await;
    let client = server.client();
    let (template, entity) = (chain(&client).await, Flow::entity(&client, json!({})).await);
    for round in 0..ROUNDS {
        let flow = Flow::start(&client, &template, &entity).await;
        let path = flow.task_path("first").await;
        let [done, skipped] = [json!({ "status": "COMPLETED" }), json!({ "status": "SKIPPED" })];
        for reply in both(&flow, &path, [&done, &skipped]).await {
            reply.expect(200);
        }
        let shown = flow.show().await;
        assert_eq!(Flow::current(&shown), ["second"], "round {round}");
        flow.patch("second", done.clone()).await;
        flow.patch("third", done.clone()).await;
        let events = told(&client, &flow, 1, "execution-completed").await;
        let waits = of_kind(&events, "step-waiting");
        assert_eq!(waits.len(), 3, "round {round}: each task is entered once: {events:#?}");
    }
}

#[tokio::test]
async fn of_two_people_who_decide_otherwise_at_once_the_first_is_followed() {
    let server = Server::start().await;
    let client = server.client();
    let condition = |id: &str| json!({ "id": id, "branch_name": id, "logical_operator": "AND", "statements": [] });
    let tasks = json!([
        {
            "id": "which", "name": "Which", "task_type": "DECISION", "trigger_mode": "manual",
            "conditions": [condition("left"), condition("right")],
        },
        { "id": "go-left", "name": "Left", "task_type": "MANUAL" },
        { "id": "go-right", "name": "Right", "task_type": "MANUAL" },
    ]);
    let edges = json!([
        { "id": "1", "from_id": "which", "to_id": "go-left", "condition_id": "left" },
        { "id": "2", "from_id": "which", "to_id": "go-right", "condition_id": "right" },
    ]);
    let template = Flow::template(&client, tasks, edges, json!([])).await;
    let entity = Flow::entity(&client, json!({})).await;
    for round in 0..ROUNDS {
        let flow = Flow::start(&client, &template, &entity).await;
        let path = flow.task_path("which").await;
        let choice = |branch: &str| json!({ "status": "COMPLETED", "next_condition_id": branch });
        let [ada, bob] = both(&flow, &path, [&choice("left"), &choice("right")]).await.map(|reply| reply.expect(200));
        let by = &ada["analytics"]["completed_by"];
        assert_eq!(by, &bob["analytics"]["completed_by"], "round {round}");
        let wanted = if by == "ada" { "go-left" } else { "go-right" };
        assert_eq!(Flow::current(&flow.show().await), [wanted], "round {round}: {by} was first");
    }
}

#[tokio::test]
async fn in_the_inbox_the_second_of_two_is_refused_and_shown_what_the_first_did() {
    let server = Server::start().await;
    let client = server.client();
    let (template, entity) = (chain(&client).await, Flow::entity(&client, json!({})).await);
    for round in 0..ROUNDS {
        let flow = Flow::start(&client, &template, &entity).await;
        let shown = flow.show().await;
        let id = Flow::task(&shown, "first")["id"].as_str().expect("an id");
        let complete = |user: &'static str| {
            let request = client.request(reqwest::Method::POST, &format!("/v1/tasks/{id}/complete"));
            client.send(request.header("x-stepwell-user", user).json(&json!({ "output": { "by": user } })))
        };
        let (ada, bob) = tokio::join!(complete("ada"), complete("bob"));
        let (first, second) = if ada.status == 200 { (ada, bob) } else { (bob, ada) };
        let (first, second) = (first.expect(200), second.expect(409));
        assert_eq!(second["error"]["code"], "TASK_DONE", "round {round}");
        let outcome = &second["error"]["details"]["task"];
        for name in ["status", "completedBy", "result", "completedAt"] {
            assert_eq!(outcome[name], first[name], "round {round}: {name}");
        }
        assert_eq!(first["result"]["by"], first["completedBy"], "round {round}");
        assert_eq!(Flow::current(&flow.show().await), ["second"], "round {round}");
    }
}

/// One of the two starts it. To run what does not wait for its time any more is refused.
#[tokio::test]
async fn run_now_against_the_timer_starts_one_run_of_each() {
    let (server, http) = (Server::start().await, HttpPeer::start().await);
    let client = server.client();
    let workflow = caller(&client, &http).await;
    let template = scheduled(&client, &workflow).await;
    let (mut by_hand, mut flows) = (0, Vec::new());
    for round in 0..ROUNDS / AT_ONCE {
        let rounds = (0..AT_ONCE).map(|lane| race(client.clone(), template.clone(), round * AT_ONCE + lane));
        let lanes: Vec<_> = rounds.map(tokio::spawn).collect();
        for lane in lanes {
            let (flow, won) = lane.await.expect("a race");
            by_hand += u32::from(won);
            flows.push(flow);
        }
    }
    println!("{by_hand} of {ROUNDS} were started by hand");
    let mut runs = BTreeSet::new();
    for flow in &flows {
        let shown = flow.until("run", "COMPLETED").await;
        assert_eq!(Flow::current(&shown), ["then"]);
        runs.insert(Flow::task(&shown, "run")["automation_execution_id"].as_str().expect("a run").to_owned());
    }
    let children = eventually("all children to end", || async {
        let children = workflow.executions().await;
        children.iter().all(|child| child["status"] == "COMPLETED").then_some(children)
    })
    .await;
    let children: BTreeSet<_> = children.iter().map(|child| child["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!((children.len(), &children), (flows.len(), &runs), "one run of each, and no other");
    assert_eq!(http.received().len(), flows.len(), "one call of each");
}

/// A flow whose automation is run by hand about when its time comes, and whether the hand was first.
async fn race(client: Client, template: String, round: u32) -> (Flow, bool) {
    let (entity, at) = due_in(&client, Duration::from_millis(1_500)).await;
    let flow = Flow::start(&client, &template, &entity).await;
    let path = flow.task_path("run").await;
    // From a little before its time to a little behind it; a request takes a while on a busy machine.
    let instant = at + chrono::TimeDelta::milliseconds(3 * (i64::from(round) - i64::from(ROUNDS)) + 15);
    eventually("its time", || async { (now() + chrono::TimeDelta::milliseconds(25) > instant).then_some(()) }).await;
    while now() < instant {
        tokio::task::yield_now().await;
    }
    let reply = client.post(&format!("{path}/schedule/run-now"), json!({})).await;
    match reply.status {
        200 => assert!(["IN_PROGRESS", "COMPLETED"].contains(&reply.body["status"].as_str().unwrap_or_default())),
        _ => assert!(reply.clone().expect(400)["message"].is_string()),
    }
    (flow, reply.status == 200)
}
