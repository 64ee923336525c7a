//! The inbox: tasks of flows and of workflows, found in one place, and done there by their id alone.

use serde_json::{Value, json};
use stepwell_tests::{Client, Flow, Server, Workflow, eventually};

/// A flow of a task for ada in a phase, a decision behind it, and two ways on.
async fn flow(client: &Client) -> Flow {
    let condition = |id: &str| json!({ "id": id, "branch_name": id, "logical_operator": "AND", "statements": [] });
    let tasks = json!([
        { "id": "call", "name": "Call them", "task_type": "MANUAL", "phase_id": "begin", "assigned_to": ["ada"],
          "due_date": "2020-02-03" },
        { "id": "which", "name": "Which", "task_type": "DECISION", "trigger_mode": "manual", "phase_id": "begin",
          "conditions": [condition("left"), condition("right")] },
        { "id": "go-left", "name": "Left", "task_type": "MANUAL" },
        { "id": "go-right", "name": "Right", "task_type": "MANUAL" },
    ]);
    let edges = json!([
        { "id": "0", "from_id": "call", "to_id": "which" },
        { "id": "1", "from_id": "which", "to_id": "go-left", "condition_id": "left" },
        { "id": "2", "from_id": "which", "to_id": "go-right", "condition_id": "right" },
    ]);
    let template = Flow::template(client, tasks, edges, json!([{ "id": "begin", "name": "Begin" }])).await;
    Flow::start(client, &template, &Flow::entity(client, json!({})).await).await
}

/// A workflow that asks a person and ends, started for somebody.
async fn workflow(client: &Client) -> Workflow {
    let workflow = Workflow::create(client, "signed_up", json!({ "allowReentry": true })).await;
    let end = json!({ "reason": "they were asked" });
    workflow.chain(&[("MANUAL_TASK", "Ask", json!({ "title": "Ask them" })), ("EXIT", "end", end)]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.newest_in(&["WAITING"]).await;
    workflow
}

async fn inbox(client: &Client, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/v1/tasks{query}")).await.expect(200);
    page["data"].as_array().expect("tasks").clone()
}

async fn names(client: &Client, query: &str) -> Vec<String> {
    inbox(client, query).await.iter().map(|task| task["name"].as_str().expect("a name").to_owned()).collect()
}

fn path(task: &Value, deed: &str) -> String {
    format!("/v1/tasks/{}/{deed}", task["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn what_people_have_to_do_on_any_surface_is_found_in_one_place_and_done_there() {
    let server = Server::start().await;
    let client = server.client();
    let (flow, workflow) = (flow(&client).await, workflow(&client).await);
    assert_eq!(names(&client, "").await, ["Call them", "Ask them"], "what is due comes first");
    assert_eq!(names(&client, "?surface=flow").await, ["Call them"]);
    assert_eq!(names(&client, "?surface=workflow").await, ["Ask them"]);
    assert_eq!(names(&client, "?assignee=ada").await, ["Call them"]);
    assert_eq!(names(&client, "?phase=begin").await, ["Call them"]);
    assert_eq!(names(&client, "?overdue=true").await, ["Call them"]);
    assert_eq!(names(&client, &format!("?flow={}", flow.id)).await, ["Call them"]);
    for task in inbox(&client, "").await {
        let entered = json!({ "output": { "said": "after six" } });
        let done = client.post(&path(&task, "complete"), entered).await.expect(200);
        assert_eq!((&done["status"], &done["result"]["said"]), (&json!("COMPLETED"), &json!("after six")));
        assert_eq!(client.post(&path(&task, "complete"), json!({})).await.expect(409)["error"]["code"], "TASK_DONE");
    }
    let ended = workflow.finished().await;
    assert_eq!((&ended["status"], &ended["exitReason"]), (&json!("EXITED"), &json!("they were asked")), "{ended:#}");
    assert_eq!(Workflow::visit(&ended, "Ask")["output"], json!({ "said": "after six" }));
    let shown = flow.show().await;
    assert_eq!(
        (Flow::current(&shown), &Flow::task(&shown, "call")["status"]),
        (vec!["which".into()], &json!("COMPLETED"))
    );
    assert_eq!(names(&client, "").await, ["Which"]);
    assert_eq!(names(&client, "?status=COMPLETED").await.len(), 2);
}

#[tokio::test]
async fn a_decision_is_made_from_the_inbox_and_asks_for_its_branch() {
    let server = Server::start().await;
    let client = server.client();
    let flow = flow(&client).await;
    client.post(&path(&inbox(&client, "").await[0], "complete"), json!({})).await.expect(200);
    let which = inbox(&client, "").await.remove(0);
    for body in [json!({}), json!({ "branch": "nowhere" })] {
        let refused = client.post(&path(&which, "complete"), body).await.expect(422);
        assert_eq!(refused["error"]["errors"][0]["field"], "branch", "{refused:#}");
    }
    assert_eq!(Flow::current(&flow.show().await), ["which"], "what is refused changes nothing");
    client.post(&path(&which, "complete"), json!({ "branch": "right" })).await.expect(200);
    assert_eq!(Flow::current(&flow.show().await), ["go-right"]);
    client.post(&path(&inbox(&client, "").await[0], "complete"), json!({})).await.expect(200);
    assert_eq!(flow.show().await["status"], "DONE");
    assert_eq!(inbox(&client, "").await, Vec::<Value>::new());
}

#[tokio::test]
async fn tasks_are_skipped_given_to_others_and_talked_about_wherever_they_come_from() {
    let server = Server::start().await;
    let client = server.client();
    let (flow, workflow) = (flow(&client).await, workflow(&client).await);
    for task in inbox(&client, "").await {
        let given = client.post(&path(&task, "assign"), json!({ "assignees": ["bob", "eve"] })).await.expect(200);
        assert_eq!(given["assignees"], json!(["bob", "eve"]));
        let said = client.request(reqwest::Method::POST, &path(&task, "comment")).header("x-stepwell-user", "bob");
        client.send(said.json(&json!({ "text": "They are away" }))).await.expect(201);
        let shown = client.get(path(&task, "").trim_end_matches('/')).await.expect(200);
        assert_eq!(
            (&shown["comments"][0]["author"], &shown["comments"][0]["text"]),
            (&json!("bob"), &json!("They are away"))
        );
    }
    assert_eq!(names(&client, "?assignee=ada").await, Vec::<String>::new());
    assert_eq!(names(&client, "?assignee=eve").await, ["Call them", "Ask them"]);
    assert_eq!(Flow::task(&flow.show().await, "call")["assigned_to"], json!(["bob", "eve"]));
    for task in inbox(&client, "").await {
        let skipped = client.post(&path(&task, "skip"), json!({ "reason": "not needed" })).await.expect(200);
        assert_eq!((&skipped["status"], &skipped["result"]["reason"]), (&json!("SKIPPED"), &json!("not needed")));
    }
    assert_eq!(Flow::current(&flow.show().await), ["which"]);
    let ended = workflow.finished().await;
    assert_eq!(Workflow::visit(&ended, "Ask")["output"], json!({ "skipped": true, "reason": "not needed" }));
}

#[tokio::test]
async fn tasks_of_a_flow_that_is_closed_or_deleted_are_nobodys_any_more() {
    let server = Server::start().await;
    let client = server.client();
    for (round, end) in ["close", "delete", "delete softly"].into_iter().enumerate() {
        let flow = flow(&client).await;
        let task = inbox(&client, "").await.remove(0);
        match end {
            "close" => _ = client.patch(&flow.path(""), json!({ "status": "CLOSED" })).await.expect(200),
            "delete" => _ = client.delete(&flow.path("")).await.expect(204),
            _ => _ = client.delete(&flow.path("?soft=true")).await.expect(204),
        }
        assert_eq!(inbox(&client, "").await, Vec::<Value>::new(), "{end}");
        let refused = client.post(&path(&task, "complete"), json!({})).await;
        assert_eq!(refused.status, if round == 0 { 409 } else { 404 }, "{end}: {:#}", refused.body);
    }
}

#[tokio::test]
async fn a_task_that_is_done_elsewhere_leaves_the_inbox_and_one_that_is_gone_back_to_returns() {
    let server = Server::start().await;
    let client = server.client();
    let flow = flow(&client).await;
    flow.patch("call", json!({ "status": "COMPLETED" })).await;
    assert_eq!(names(&client, "").await, ["Which"]);
    flow.patch("which", json!({ "status": "COMPLETED", "next_condition_id": "left" })).await;
    assert_eq!(names(&client, "").await, ["Left"]);
    flow.patch("call", json!({ "status": "PENDING", "revert_execution": true })).await;
    eventually("the task in the inbox again", || async { (names(&client, "").await == ["Call them"]).then_some(()) })
        .await;
    assert_eq!(names(&client, "?assignee=ada").await, ["Call them"], "for whom it was");
}
