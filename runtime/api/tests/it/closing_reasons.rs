//! Closing reasons: the catalogue of a workspace.

use axum::http::Method;
use serde_json::{Value, json};
use stepwell_core::WorkspaceId;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::Server;

const ALL: &str = "/v1/workflows/closing-reasons";

async fn made(server: &Server, body: Value) -> Value {
    let answer = server.post(ALL, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn first(reason: &Value) -> String {
    format!("/v1/workflows/closing-reasons/{}", reason["id"].as_str().expect("id"))
}

fn second(reason: &Value) -> String {
    format!("/v2/workflows/closing-reasons/{}", reason["id"].as_str().expect("id"))
}

async fn titles(server: &Server, path: &str) -> Vec<String> {
    let listed = server.get(path).await.ok();
    let reasons = listed["reasons"].as_array().expect("reasons").iter();
    reasons.map(|reason| reason["title"].as_str().expect("title").to_owned()).collect()
}

#[tokio::test]
async fn a_reason_is_made_shown_changed_and_deleted() {
    let server = Server::start().await;
    let made = made(&server, json!({"title": "Lost"})).await;
    let time = "2026-01-02T03:04:05.678Z";
    let expected = json!({
        "id": made["id"], "title": "Lost", "status": "ACTIVE", "creationTime": time, "lastUpdateTime": time,
    });
    assert_eq!(made, expected);
    assert_eq!(server.get(&first(&made)).await.ok(), expected);
    assert_eq!(server.get(&second(&made)).await.ok(), expected);
    server.tick(1_000);
    let changed = server.patch(&second(&made), json!({"title": "Lost for ever"})).await.ok();
    assert_eq!((&changed["title"], &changed["status"]), (&json!("Lost for ever"), &json!("ACTIVE")));
    assert_eq!(changed["lastUpdateTime"], "2026-01-02T03:04:06.678Z");
    let deleted = server.delete(&second(&made)).await;
    assert_eq!((deleted.status.as_u16(), deleted.bytes.len()), (204, 0));
    assert_eq!(server.get(&first(&made)).await.declined().0, 404);
}

#[tokio::test]
async fn only_reasons_that_can_be_chosen_are_listed_unless_all_are_asked_for() {
    let server = Server::start().await;
    let lost = made(&server, json!({"title": "Lost"})).await;
    made(&server, json!({"title": "Old", "status": "INACTIVE"})).await;
    made(&server, json!({"title": "Won", "id": "won"})).await;
    assert_eq!(titles(&server, ALL).await, ["Lost", "Won"]);
    let answer = server.patch(&first(&lost), json!({"status": "INACTIVE"})).await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len()), (202, 0));
    assert_eq!(titles(&server, ALL).await, ["Won"]);
    assert_eq!(titles(&server, &format!("{ALL}?includeInactive=true")).await, ["Lost", "Old", "Won"]);
    assert_eq!(server.get(&format!("{ALL}?includeInactive=x")).await.declined().0, 400);
}

#[tokio::test]
async fn what_is_missing_wrong_or_taken_is_named() {
    let server = Server::start().await;
    let won = made(&server, json!({"title": "Won", "id": "won"})).await;
    for (body, field) in [
        (json!({}), "title"),
        (json!({"title": "  "}), "title"),
        (json!({"title": "x".repeat(1_001)}), "title"),
        (json!({"title": "x", "status": "GONE"}), "status"),
        (json!({"title": "x", "id": ""}), "id"),
        (json!([]), "body"),
    ] {
        let (status, message) = server.post(ALL, body.clone()).await.declined();
        assert_eq!((status, message.starts_with(&format!("{field}: "))), (400, true), "{body} {message}");
    }
    assert_eq!(server.post(ALL, json!({"title": "Again", "id": "won"})).await.declined().0, 409);
    assert_eq!(server.patch(&first(&won), json!({})).await.declined().0, 400);
    assert_eq!(server.patch(&second(&won), json!({"title": ""})).await.declined().0, 400);
    assert_eq!(titles(&server, ALL).await, ["Won"]);
}

#[tokio::test]
async fn an_unknown_reason_is_not_found_or_where_that_is_not_documented_a_bad_request() {
    let server = Server::start().await;
    for id in ["x", "%00", &"x".repeat(200)] {
        let nowhere = json!({ "id": id });
        assert_eq!(server.get(&first(&nowhere)).await.declined().0, 404, "{id}");
        assert_eq!(server.get(&second(&nowhere)).await.declined().0, 404, "{id}");
        assert_eq!(server.patch(&second(&nowhere), json!({"title": "x"})).await.declined().0, 404, "{id}");
        assert_eq!(server.delete(&second(&nowhere)).await.declined().0, 404, "{id}");
        assert_eq!(server.patch(&first(&nowhere), json!({"status": "ACTIVE"})).await.declined().0, 400, "{id}");
    }
}

#[tokio::test]
async fn reasons_belong_to_a_workspace_and_need_a_scope() {
    let server = Server::start().await;
    let won = made(&server, json!({"title": "Won", "id": "won"})).await;
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let foreign = server.add_key(other, KeyKind::Secret, &["*"]).await;
    assert_eq!(server.ask_as(&foreign, Method::GET, ALL, None).await.ok(), json!({"reasons": []}));
    assert_eq!(server.ask_as(&foreign, Method::DELETE, &second(&won), None).await.status, 404);
    let own = server.ask_as(&foreign, Method::POST, ALL, Some(json!({"title": "Theirs", "id": "won"}))).await;
    assert_eq!(own.status, 201);
    let reader = server.add_key(server.workspace, KeyKind::Secret, &["flow-templates:read"]).await;
    assert_eq!(server.ask_as(&reader, Method::GET, ALL, None).await.status, 200);
    let refused = server.ask_as(&reader, Method::POST, ALL, Some(json!({"title": "x"}))).await;
    assert_eq!(refused.declined().0, 403);
    assert_eq!(titles(&server, ALL).await, ["Won"]);
}
