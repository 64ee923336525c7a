//! The inbox: steps of workflows that wait for a person.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Made, Server, THEIRS, text};

/// A workflow with one step that asks a person, started; the path of its task, and where the execution is.
async fn asked(server: &Server, config: Value) -> (String, String, Made) {
    let made =
        server.workflow(json!({ "enabled": true, "allowReentry": true }), &[("MANUAL_TASK", "ask", config)]).await;
    let contact = server.contact(&format!("{}@example.org", &made.steps[1])).await;
    let run = server.run(&made, contact, "WAITING").await;
    let execution = made.at(&format!("/executions/{}", text(&run["id"])));
    let found = server.get(&format!("/v1/tasks?flow={}", text(&run["id"]))).await.expect(200);
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found:#}");
    (format!("/v1/tasks/{}", text(&found["data"][0]["id"])), execution, made)
}

async fn names(server: &Server, query: &str) -> Vec<String> {
    let page = server.get(&format!("/v1/tasks{query}")).await.expect(200);
    page["data"].as_array().expect("tasks").iter().map(|task| text(&task["name"])).collect()
}

#[tokio::test]
async fn a_step_that_asks_a_person_is_in_the_inbox_until_it_is_done_there() {
    let server = Server::start().await;
    let config = json!({ "title": "Call", "assignees": ["ada"], "dueDate": "2026-02-03" });
    let (path, execution, _) = asked(&server, config.clone()).await;
    let task = server.get(&path).await.expect(200);
    assert_eq!(
        (&task["name"], &task["status"], &task["surface"]),
        (&json!("Call"), &json!("PENDING"), &json!("workflow"))
    );
    assert_eq!((&task["assignees"], &task["request"], &task["comments"]), (&json!(["ada"]), &config, &json!([])));
    assert_eq!((&task["dueDate"], &task["executionName"]), (&json!("2026-02-03"), &json!("Welcome")));
    let done = server.post(&format!("{path}/complete"), json!({ "output": { "ok": true } })).await.expect(200);
    assert_eq!(
        (&done["status"], &done["currentSince"], &done["result"]),
        (&json!("COMPLETED"), &Value::Null, &json!({ "ok": true }))
    );
    assert!(done["completedBy"].is_string() && done["completedAt"].is_string(), "{done:#}");
    let ended = server.reaches(&execution, "COMPLETED").await;
    assert_eq!(ended["stepExecutions"][1]["output"], json!({ "ok": true }));
    assert_eq!(names(&server, "").await, Vec::<String>::new());
    assert_eq!(names(&server, "?open=false").await, ["Call"]);
    assert_eq!(names(&server, "?status=COMPLETED&status=SKIPPED").await, ["Call"]);
}

#[tokio::test]
async fn of_two_who_complete_a_task_the_second_sees_what_the_first_did() {
    let server = Server::start().await;
    let (path, execution, _) = asked(&server, json!({})).await;
    server.post(&format!("{path}/complete"), json!({ "output": { "by": "the first" } })).await.expect(200);
    for (deed, body) in [
        ("complete", json!({ "output": { "by": "the second" } })),
        ("skip", json!({})),
        ("assign", json!({ "assignees": [] })),
    ] {
        let late = server.post(&format!("{path}/{deed}"), body).await.expect(409);
        assert_eq!(late["error"]["code"], "TASK_DONE");
        let task = &late["error"]["details"]["task"];
        assert_eq!((&task["status"], &task["result"]), (&json!("COMPLETED"), &json!({ "by": "the first" })), "{deed}");
    }
    let ended = server.reaches(&execution, "COMPLETED").await;
    assert_eq!(ended["stepExecutions"][1]["output"], json!({ "by": "the first" }));
}

#[tokio::test]
async fn a_branch_that_is_chosen_is_followed_and_a_skipped_task_says_so() {
    let server = Server::start().await;
    let (path, execution, made) = asked(&server, json!({})).await;
    let end =
        json!({ "type": "EXIT", "name": "end", "position": { "x": 0, "y": 0 }, "config": {}, "autoConnect": false });
    server.post(&made.at("/steps"), end).await.expect(201);
    server.post(&format!("{path}/complete"), json!({ "branch": "yes", "output": { "n": 1 } })).await.expect(200);
    let ended = server.reaches(&execution, "COMPLETED").await;
    assert_eq!(ended["stepExecutions"][1]["output"], json!({ "n": 1, "branch": "yes" }));
    let (path, execution, _) = asked(&server, json!({})).await;
    let skipped = server.post(&format!("{path}/skip"), json!({ "reason": "not needed" })).await.expect(200);
    assert_eq!(skipped["status"], "SKIPPED");
    let ended = server.reaches(&execution, "COMPLETED").await;
    assert_eq!(ended["stepExecutions"][1]["output"], json!({ "skipped": true, "reason": "not needed" }));
}

#[tokio::test]
async fn a_task_is_given_to_others_and_talked_about_and_the_journal_says_so() {
    let server = Server::start().await;
    let (path, execution, _) = asked(&server, json!({ "assignees": ["ada"] })).await;
    let given = server.post(&format!("{path}/assign"), json!({ "assignees": ["bob", "eve"] })).await.expect(200);
    assert_eq!(given["assignees"], json!(["bob", "eve"]));
    assert_eq!((names(&server, "?assignee=ada").await.len(), names(&server, "?assignee=bob").await.len()), (0, 1));
    let said = server.post(&format!("{path}/comment"), json!({ "text": "Call after six" })).await.expect(201);
    let task = server.get(&path).await.expect(200);
    assert_eq!((&task["comments"], &task["assignees"]), (&json!([said]), &json!(["bob", "eve"])));
    let journal = server.get(&format!("{execution}/journal")).await.expect(200);
    let kinds: Vec<_> = journal["entries"].as_array().expect("entries").iter().map(|it| text(&it["kind"])).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["task-assigned", "task-commented"]);
    server.post(&format!("{path}/complete"), json!({})).await.expect(200);
    server.post(&format!("{path}/comment"), json!({ "text": "Done" })).await.expect(201);
    server.reaches(&execution, "COMPLETED").await;
}

#[tokio::test]
async fn the_inbox_is_filtered_and_goes_page_by_page() {
    let server = Server::start().await;
    for (title, due) in [("late", json!("2020-01-01")), ("soon", json!("2099-01-01")), ("some day", Value::Null)] {
        let mut config = json!({ "title": title });
        if !due.is_null() {
            config["dueDate"] = due;
        }
        asked(&server, config).await;
    }
    assert_eq!(names(&server, "").await, ["late", "soon", "some day"]);
    assert_eq!(names(&server, "?overdue=true").await, ["late"]);
    assert_eq!(names(&server, "?due_after=2021-01-01").await, ["soon"]);
    assert_eq!(names(&server, "?due_before=2021-01-01T00:00:00Z").await, ["late"]);
    assert_eq!(names(&server, "?surface=flow").await, Vec::<String>::new());
    assert_eq!(names(&server, "?surface=workflow&status=PENDING&status=FAILED").await.len(), 3);
    let first = server.get("/v1/tasks?limit=2").await.expect(200);
    assert_eq!(first["data"].as_array().map(Vec::len), Some(2));
    let cursor = text(&first["cursor"]);
    let second = server.get(&format!("/v1/tasks?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!((&second["data"][0]["name"], &second["cursor"]), (&json!("some day"), &Value::Null));
    for (query, field) in [
        ("status=DANCING", "status.0"),
        ("due_before=x", "due_before"),
        ("limit=0", "limit"),
        ("cursor=zz", "cursor"),
        ("surface=x", "surface"),
        ("flow=x", "flow"),
    ] {
        assert_eq!(server.get(&format!("/v1/tasks?{query}")).await.field(), field);
    }
}

#[tokio::test]
async fn a_task_of_another_workspace_is_not_found_and_what_is_wrong_is_named() {
    let server = Server::start().await;
    let (path, execution, _) = asked(&server, json!({})).await;
    assert_eq!(server.call(THEIRS, Method::GET, "/v1/tasks", None).await.expect(200)["data"], json!([]));
    assert_eq!(server.call(THEIRS, Method::GET, &path, None).await.code(404), "RESOURCE_NOT_FOUND");
    for (deed, body) in [
        ("complete", json!({})),
        ("skip", json!({})),
        ("assign", json!({ "assignees": [] })),
        ("comment", json!({ "text": "x" })),
    ] {
        let theirs = server.call(THEIRS, Method::POST, &format!("{path}/{deed}"), Some(body.clone())).await;
        assert_eq!(theirs.code(404), "RESOURCE_NOT_FOUND", "{deed}");
        let nowhere = format!("/v1/tasks/00000000-0000-4000-8000-000000000000/{deed}");
        assert_eq!(server.post(&nowhere, body).await.code(404), "RESOURCE_NOT_FOUND", "{deed}");
    }
    for (deed, body, field) in [
        ("complete", json!({ "output": 7 }), "output"),
        ("complete", json!({ "branch": "" }), "branch"),
        ("complete", json!({ "x": 1 }), "x"),
        ("skip", json!({ "reason": "x".repeat(1_001) }), "reason"),
        ("assign", json!({}), "assignees"),
        ("assign", json!({ "assignees": ["a", ""] }), "assignees.1"),
        ("assign", json!({ "assignees": vec!["a"; 101] }), "assignees"),
        ("comment", json!({ "text": " " }), "text"),
        ("comment", json!({ "text": "x".repeat(10_001) }), "text"),
    ] {
        assert_eq!(server.post(&format!("{path}/{deed}"), body).await.field(), field, "{deed}");
    }
    assert_eq!(server.get(&execution).await.expect(200)["status"], "WAITING");
    assert_eq!(server.get(&path).await.expect(200)["status"], "PENDING");
}
