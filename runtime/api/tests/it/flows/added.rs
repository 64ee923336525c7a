//! Tasks that are added to running executions.

use serde_json::{Value, json};
use uuid::Uuid;

use super::executions::task;
use super::tasks::{Flow, assert_bad};
use crate::server::{Answer, Server};

/// Three tasks, one after the other, the first and the last in a phase.
fn template() -> Value {
    let manual = |id: &str, phase: Value| json!({"id": id, "name": id, "task_type": "MANUAL", "phase_id": phase});
    json!({
        "name": "Line", "phases": [{"id": "p1", "name": "First"}, {"id": "p2", "name": "Second"}],
        "tasks": [manual("a", json!("p1")), manual("b", Value::Null), manual("c", json!("p2"))],
        "edges": [{"id": "ab", "from_id": "a", "to_id": "b"}, {"id": "bc", "from_id": "b", "to_id": "c"}],
    })
}

/// Asks for a task between two.
async fn added(flow: &Flow<'_>, between: (&str, &str), task: Value) -> Answer {
    let (previous, next) = (flow.id(between.0).await, flow.id(between.1).await);
    let body = json!({"previous_task_id": previous, "next_task_id": next, "task": task});
    flow.server.post(&format!("{}/tasks", flow.path()), body).await
}

#[tokio::test]
async fn a_task_is_added_between_two() {
    let server = Server::start().await;
    let flow = Flow::of(&server, template()).await;
    let made = added(&flow, ("a", "b"), json!({"name": "New"})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (made, all) = (made.json(), flow.get().await);
    let id = made["id"].clone();
    assert!(Uuid::try_parse(id.as_str().expect("id")).is_ok(), "{made}");
    for (name, value) in [
        ("template_id", id.clone()),
        ("name", json!("New")),
        ("task_type", json!("MANUAL")),
        ("status", json!("PENDING")),
        ("enabled", json!(true)),
        ("manually_created", json!(true)),
        ("phase_id", all["phases"][0]["id"].clone()),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    assert_eq!(task(&all, id.as_str().expect("id")), &made);
    let edges = all["edges"].as_array().expect("edges").iter();
    let ends: Vec<_> = edges.map(|edge| (edge["from_id"].clone(), edge["to_id"].clone())).collect();
    let of = |key: &str| task(&all, key)["id"].clone();
    assert_eq!(ends, [(of("a"), id.clone()), (id.clone(), of("b")), (of("b"), of("c"))]);
    assert_eq!(flow.current().await, ["a"]);
    flow.done("a").await;
    assert_eq!(flow.current().await, [id.as_str().expect("id")]);
    // One edge is there once.
    assert_bad(&added(&flow, ("a", "b"), json!({"name": "Twice"})).await, "next_task_id: no edge", &json!(0));
}

#[tokio::test]
async fn a_task_added_before_a_current_one_takes_its_place() {
    let server = Server::start().await;
    let flow = Flow::of(&server, template()).await;
    flow.done("a").await;
    let id = Uuid::from_u128(77).to_string();
    let phase = flow.get().await["phases"][1]["id"].clone();
    let rule = json!({"duration": 1.0, "unit": "days", "type": "TASK_FINISHED", "task_id": "c"});
    let new = json!({
        "name": "New", "id": id, "status": "IN_PROGRESS", "due_date": "2026-05-28", "due_date_config": rule,
        "assigned_to": ["u1"], "enabled": true, "phase_id": phase, "task_type": "MANUAL",
    });
    let made = added(&flow, ("a", "b"), new.clone()).await.ok();
    for (name, value) in new.as_object().expect("object") {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!((flow.current().await, flow.status("b").await), (vec![id.clone()], json!("PENDING")));
    let before = flow.get().await;
    for taken in [json!(id), before["tasks"][0]["id"].clone()] {
        let answer = added(&flow, ("b", "c"), json!({"name": "Twin", "id": taken})).await;
        assert_bad(&answer, "task.id: there is a task of this id", &taken);
    }
    assert_eq!(flow.get().await, before);
    flow.done(&id).await;
    assert_eq!(flow.current().await, ["b"]);
    let other = Flow::of(&server, template()).await;
    let before = other.get().await;
    let answer = added(&other, ("a", "b"), json!({"name": "Twin", "id": id})).await;
    assert_bad(&answer, "task.id: there is a task of this id", &json!(id));
    assert_eq!(other.get().await, before);
}

#[tokio::test]
async fn an_added_automation_waits_until_it_is_run() {
    let server = Server::start().await;
    let flow = Flow::of(&server, template()).await;
    flow.done("a").await;
    let config = json!({"flow_id": "f1", "config": {"a": 1}, "execution_status": "pending", "heal_attempts": 1});
    let new = json!({"name": "New", "automation_config": config});
    let made = added(&flow, ("b", "c"), new).await.ok();
    assert_eq!((&made["task_type"], &made["trigger_mode"]), (&json!("AUTOMATION"), &json!("manual")));
    assert_eq!((&made["status"], &made["automation_config"]), (&json!("PENDING"), &config));
    let key = made["id"].as_str().expect("id").to_owned();
    flow.done("b").await;
    assert_eq!((flow.current().await, flow.status(&key).await), (vec![key.clone()], json!("PENDING")));
    let path = format!("{}/automation:run", flow.path_of(&key).await);
    assert_eq!(server.post(&path, json!({})).await.ok()["status"], "IN_PROGRESS");
}

#[tokio::test]
async fn a_task_that_is_done_from_the_beginning_is_passed_through() {
    let server = Server::start().await;
    let flow = Flow::of(&server, template()).await;
    flow.done("a").await;
    let made = added(&flow, ("a", "b"), json!({"name": "New", "status": "COMPLETED"})).await.ok();
    assert_eq!((&made["status"], flow.current().await), (&json!("COMPLETED"), vec!["b".to_owned()]));
}

#[tokio::test]
async fn a_task_that_cannot_be_added_is_refused_by_its_member_and_changes_nothing() {
    let server = Server::start().await;
    let flow = Flow::of(&server, template()).await;
    let other = Flow::of(&server, template()).await;
    let before = flow.get().await;
    let (a, b) = (flow.id("a").await, flow.id("b").await);
    let whole = |previous: Value, next: Value| json!({"previous_task_id": previous, "next_task_id": next, "task": {"name": "New"}});
    let path = format!("{}/tasks", flow.path());
    for (body, begins) in [
        (json!({}), "previous_task_id: "),
        (json!({"previous_task_id": a, "next_task_id": b}), "task: "),
        (json!({"previous_task_id": a, "next_task_id": b, "task": {}}), "task.name: "),
        (whole(json!("a"), json!(b)), "previous_task_id: "),
        (whole(json!(Uuid::nil()), json!(b)), "previous_task_id: there is no task"),
        (whole(json!(other.id("a").await), json!(b)), "previous_task_id: there is no task"),
        (whole(json!(a), json!(Uuid::nil())), "next_task_id: there is no task"),
        (whole(json!(a), json!("b")), "next_task_id: "),
        (whole(json!(b), json!(a)), "next_task_id: no edge leads there"),
        (whole(json!(a), json!(a)), "next_task_id: no edge leads there"),
    ] {
        assert_bad(&server.post(&path, body.clone()).await, begins, &body);
    }
    let config = json!({"flow_id": "f", "input_context": {"source": "task", "task_id": "nothing"}});
    for (member, value, begins) in [
        ("name", json!("\n"), "task.name: "),
        ("id", json!("mine"), "task.id: "),
        ("status", json!("SCHEDULED"), "task.status: a task that is pending cannot become"),
        ("status", json!("SLEEPING"), "task.status: "),
        ("due_date", json!("soon"), "task.due_date: "),
        ("due_date_config", json!({"duration": 1, "unit": "days", "type": "PHASE_FINISHED"}), "task.due_date_config."),
        ("assigned_to", json!([""]), "task.assigned_to.0: "),
        ("enabled", json!(7), "task.enabled: "),
        ("phase_id", json!("nothing"), "task.phase_id: there is no phase"),
        ("task_type", json!("DECISION"), "task.task_type: "),
        ("task_type", json!("AI_AGENT"), "task.task_type: "),
        ("task_type", json!("AUTOMATION"), "task.automation_config: is required"),
        ("automation_config", json!({}), "task.automation_config.flow_id: "),
        ("automation_config", config, "task.automation_config.input_context.task_id: "),
    ] {
        let mut new = json!({"name": "New"});
        new[member] = value;
        assert_bad(&added(&flow, ("a", "b"), new.clone()).await, begins, &new);
    }
    let both = json!({"name": "New", "task_type": "MANUAL", "automation_config": {"flow_id": "f"}});
    assert_bad(&added(&flow, ("a", "b"), both).await, "task.automation_config: the task is no automation", &json!(0));
    let asleep = json!({"name": "New", "enabled": false, "status": "COMPLETED"});
    assert_bad(&added(&flow, ("a", "b"), asleep).await, "task.status: the task is disabled", &json!(0));
    assert_eq!(flow.get().await, before);
    server.patch(&flow.path(), json!({"status": "CLOSED"})).await.ok();
    assert_bad(&added(&flow, ("a", "b"), json!({"name": "New"})).await, "the flow is not started", &json!(0));
}

#[tokio::test]
async fn a_flow_has_at_most_a_thousand_tasks() {
    let server = Server::start().await;
    let name = |n: usize| format!("t{n}");
    let task = |n: usize| json!({"id": name(n), "name": name(n), "task_type": "MANUAL"});
    let edge = |n: usize| json!({"id": format!("e{n}"), "from_id": name(n), "to_id": name(n + 1)});
    let tasks: Vec<_> = (0..999).map(task).collect();
    let edges: Vec<_> = (0..998).map(edge).collect();
    let flow = Flow::of(&server, json!({"name": "Long", "tasks": tasks, "edges": edges})).await;
    assert_eq!(added(&flow, ("t0", "t1"), json!({"name": "Last"})).await.status, 201);
    let before = flow.get().await;
    for _ in 0..3 {
        assert_bad(&added(&flow, ("t1", "t2"), json!({"name": "More"})).await, "tasks: 1000", &json!(0));
    }
    assert_eq!((flow.get().await == before, before["tasks"].as_array().map(Vec::len)), (true, Some(1_000)));
}
