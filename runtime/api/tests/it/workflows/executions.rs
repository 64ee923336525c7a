//! Executions: start, list, show, cancel, retry, journal.

use serde_json::{Value, json};

use super::{Made, Server, text};

async fn waiting(server: &Server) -> Made {
    let steps = [("WAIT_FOR_EVENT", "w", json!({ "eventName": "go", "timeout": 60 }))];
    server.workflow(json!({ "enabled": true, "allowReentry": true }), &steps).await
}

#[tokio::test]
async fn an_execution_is_started_by_hand_with_a_context() {
    let server = Server::start().await;
    let made = server.workflow(json!({ "enabled": true }), &[("EXIT", "end", json!({ "reason": "done" }))]).await;
    let contact = server.contact("ada@example.org").await;
    let body = json!({ "contactId": contact, "context": { "source": "support" } });
    let started = server.post(&made.at("/executions"), body).await.expect(201);
    assert_eq!((&started["contactId"], &started["context"]), (&json!(contact), &json!({ "source": "support" })));
    let ended = server.reaches(&made.at(&format!("/executions/{}", text(&started["id"]))), "EXITED").await;
    assert_eq!((&ended["exitReason"], &ended["contact"]["email"]), (&json!("done"), &json!("ada@example.org")));
    assert!(ended["completedAt"].is_string());
    let visits = ended["stepExecutions"].as_array().expect("visits");
    let shown: Vec<_> = visits.iter().map(|visit| (text(&visit["step"]["type"]), text(&visit["status"]))).collect();
    assert_eq!(shown, [("TRIGGER".into(), "COMPLETED".into()), ("EXIT".into(), "COMPLETED".into())]);
    assert_eq!(visits[0]["output"]["eventName"], "manual");
    assert_eq!((&ended["workflow"]["name"], &visits[1]["attempt"]), (&json!("Welcome"), &json!(1)));
}

#[tokio::test]
async fn a_start_that_is_not_possible_says_why() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[("EXIT", "end", json!({}))]).await;
    let contact = server.contact("ada@example.org").await;
    let path = made.at("/executions");
    let refused = server.post(&path, json!({ "contactId": contact })).await.expect(400);
    assert_eq!(refused["error"]["message"], "Workflow is not enabled");
    server.patch(&made.at(""), json!({ "enabled": true })).await.expect(200);
    let nobody = json!({ "contactId": "00000000-0000-4000-8000-000000000000" });
    assert_eq!(server.post(&path, nobody).await.code(404), "CONTACT_NOT_FOUND");
    server.post(&path, json!({ "contactId": contact })).await.expect(201);
    assert_eq!(server.post(&path, json!({ "contactId": contact })).await.code(409), "CONFLICT");
    for (body, field) in [
        (json!({}), "contactId"),
        (json!({ "contactId": "x" }), "contactId"),
        (json!({ "contactId": contact, "context": 1 }), "context"),
        (json!({ "contactId": contact, "context": { "x": "y".repeat(300_000) } }), "context"),
    ] {
        assert_eq!(server.post(&path, body).await.field(), field);
    }
}

#[tokio::test]
async fn executions_are_listed_by_page_and_status_with_contact_and_step() {
    let server = Server::start().await;
    let made = waiting(&server).await;
    for n in 0..3 {
        let contact = server.contact(&format!("ada{n}@example.org")).await;
        server.run(&made, contact, "WAITING").await;
    }
    let path = made.at("/executions");
    let page = server.get(&format!("{path}?pageSize=2&status=WAITING")).await.expect(200);
    assert_eq!((&page["total"], &page["totalPages"], &page["pageSize"]), (&json!(3), &json!(2), &json!(2)));
    let first = &page["executions"][0];
    assert_eq!(first["contact"]["email"], "ada2@example.org");
    assert_eq!((&first["currentStep"]["name"], &first["currentStep"]["type"]), (&json!("w"), &json!("WAIT_FOR_EVENT")));
    for status in ["RUNNING", "COMPLETED", "EXITED", "FAILED", "CANCELLED", "PENDING"] {
        assert_eq!(
            server.get(&format!("{path}?status={status}")).await.expect(200)["executions"],
            json!([]),
            "{status}"
        );
    }
    assert_eq!(server.get(&format!("{path}?status=DANCING")).await.field(), "status");
    assert_eq!(server.get(&format!("{path}?pageSize=500")).await.expect(200)["pageSize"], 100);
    assert_eq!(server.get("/workflows").await.expect(200)["data"][0]["_count"]["executions"], 3);
}

#[tokio::test]
async fn a_waiting_visit_says_until_when() {
    let server = Server::start().await;
    let made = waiting(&server).await;
    let contact = server.contact("ada@example.org").await;
    let run = server.run(&made, contact, "WAITING").await;
    let visit = &run["stepExecutions"][1];
    assert_eq!(
        (&visit["status"], &visit["scheduledFor"], &visit["error"]),
        (&json!("WAITING"), &Value::Null, &Value::Null)
    );
    assert!(visit["executeAfter"].is_string());
    assert_eq!((&run["currentStep"]["name"], &run["currentStepId"]), (&json!("w"), &json!(made.steps[1])));
}

#[tokio::test]
async fn an_execution_is_cancelled_once() {
    let server = Server::start().await;
    let made = waiting(&server).await;
    let contact = server.contact("ada@example.org").await;
    let path = made.at(&format!("/executions/{}", text(&server.run(&made, contact, "WAITING").await["id"])));
    let cancelled = server.delete(&path).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["exitReason"]), (&json!("CANCELLED"), &json!("Cancelled by user")));
    assert!(cancelled["completedAt"].is_string());
    assert_eq!(server.delete(&path).await.expect(200), cancelled);
    assert_eq!(server.get(&path).await.expect(200)["stepExecutions"][1]["status"], "SKIPPED");
    let nowhere = made.at("/executions/00000000-0000-4000-8000-000000000000");
    assert_eq!(server.delete(&nowhere).await.expect(404)["error"]["message"], "Workflow execution not found");
}

#[tokio::test]
async fn an_execution_is_found_only_under_its_own_workflow() {
    let server = Server::start().await;
    let (made, other) = (waiting(&server).await, waiting(&server).await);
    let contact = server.contact("ada@example.org").await;
    let id = text(&server.run(&made, contact, "WAITING").await["id"]);
    let path = other.at(&format!("/executions/{id}"));
    assert_eq!(server.get(&path).await.status, 404);
    assert_eq!(server.get(&format!("{path}/journal")).await.status, 404);
    assert_eq!(server.delete(&path).await.status, 404);
    assert_eq!(server.post(&format!("{path}/retry"), json!({})).await.status, 404);
}

#[tokio::test]
async fn all_active_executions_are_cancelled_together() {
    let server = Server::start().await;
    let made = waiting(&server).await;
    for email in ["ada@example.org", "bob@example.org"] {
        let contact = server.contact(email).await;
        server.run(&made, contact, "WAITING").await;
    }
    let all = made.at("/executions/cancel-all");
    assert_eq!(server.post(&all, json!({})).await.expect(200), json!({ "cancelled": 2 }));
    assert_eq!(server.post(&all, json!({})).await.expect(200), json!({ "cancelled": 0 }));
    let page = server.get(&made.at("/executions?status=CANCELLED")).await.expect(200);
    assert_eq!(page["executions"][0]["exitReason"], "Cancelled by user (bulk cancel)");
}

#[tokio::test]
async fn a_failed_execution_shows_its_failure_and_is_retried_from_the_failed_step() {
    let server = Server::start().await;
    let steps =
        [("UPDATE_CONTACT", "before", json!({ "data": { "a": 1 } })), ("WEBHOOK", "hook", json!({ "url": "x/down" }))];
    let made = server.workflow(json!({ "enabled": true }), &steps).await;
    let contact = server.contact("ada@example.org").await;
    let failed = server.run(&made, contact, "FAILED").await;
    let visit = &failed["stepExecutions"][2];
    assert_eq!((&visit["status"], &visit["error"]), (&json!("FAILED"), &json!("nobody listens there")));
    assert_eq!(
        (&visit["failure"]["code"], &visit["failure"]["retryable"]),
        (&json!("connection-refused"), &json!(false))
    );
    let path = made.at(&format!("/executions/{}", text(&failed["id"])));
    assert_eq!(server.post(&format!("{path}/retry"), json!({})).await.expect(200)["status"], "RUNNING");
    let again = server.reaches(&path, "FAILED").await;
    assert_eq!(again["stepExecutions"].as_array().map(Vec::len), Some(4));
    server.delete(&path).await.expect(200);
    let ended = waiting(&server).await;
    let run = server.run(&ended, contact, "WAITING").await;
    let retry = ended.at(&format!("/executions/{}/retry", text(&run["id"])));
    assert_eq!(server.post(&retry, json!({})).await.code(409), "CONFLICT");
}

#[tokio::test]
async fn a_failure_follows_its_own_transition_even_if_that_was_drawn_last() {
    let server = Server::start().await;
    let steps = [("WEBHOOK", "hook", json!({ "url": "x/down" })), ("EXIT", "fine", json!({ "reason": "fine" }))];
    let made = server.workflow(json!({ "enabled": true }), &steps).await;
    let body = json!({
        "type": "EXIT", "name": "caught", "position": { "x": 0, "y": 0 }, "config": { "reason": "caught" }, "autoConnect": false,
    });
    let caught = server.post(&made.at("/steps"), body).await.expect(201);
    let edge = json!({ "fromStepId": made.steps[1], "toStepId": caught["id"], "condition": { "branch": "error" } });
    server.post(&made.at("/transitions"), edge).await.expect(201);
    let contact = server.contact("ada@example.org").await;
    assert_eq!(server.run(&made, contact, "EXITED").await["exitReason"], "caught");
}

#[tokio::test]
async fn the_journal_is_read_in_order_from_where_one_left_off() {
    let server = Server::start().await;
    let made = server.workflow(json!({ "enabled": true }), &[("EXIT", "end", json!({}))]).await;
    let contact = server.contact("ada@example.org").await;
    let id = text(&server.run(&made, contact, "EXITED").await["id"]);
    let path = made.at(&format!("/executions/{id}/journal"));
    let whole = server.get(&path).await.expect(200);
    let kinds: Vec<_> =
        whole["entries"].as_array().expect("entries").iter().map(|entry| text(&entry["kind"])).collect();
    assert_eq!(
        (kinds.first().map(String::as_str), kinds.last().map(String::as_str)),
        (Some("execution-started"), Some("execution-exited"))
    );
    assert_eq!(whole["hasMore"], false);
    let first = server.get(&format!("{path}?limit=1")).await.expect(200);
    assert_eq!((&first["hasMore"], &first["entries"][0]["number"]), (&json!(true), &json!(1)));
    let rest = server.get(&format!("{path}?after=1")).await.expect(200);
    assert_eq!(rest["entries"].as_array().map(Vec::len), Some(kinds.len() - 1));
    assert_eq!(server.get(&format!("{path}?limit=0")).await.field(), "limit");
    assert_eq!(server.get(&format!("{path}?after=-1")).await.field(), "after");
}
