//! Keys, stored credentials, the workspace, suppressed addresses.

use axum::http::Method;
use serde_json::json;
use stepwell_store::connection;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::Server;

#[tokio::test]
async fn a_new_key_is_shown_once() {
    let server = Server::start().await;
    let made = server.post("/v1/keys", json!({ "name": "ci", "kind": "secret", "scopes": ["contacts:*"] })).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    let key = made["key"].as_str().expect("key");
    assert!(key.starts_with("sk_") && key.len() == 67 && key.starts_with(made["prefix"].as_str().expect("prefix")));
    assert_eq!(server.ask_as(key, Method::GET, "/contacts", None).await.status, 200);
    assert_eq!(server.ask_as(key, Method::GET, "/templates", None).await.status, 403);
    assert!(!server.get("/v1/keys").await.text().contains(key));
}

#[tokio::test]
async fn a_public_key_may_only_send_events() {
    let server = Server::start().await;
    let made = server.post("/v1/keys", json!({ "name": "site", "kind": "public" })).await.ok();
    assert_eq!(made["scopes"], json!(["events:write"]));
    let more = json!({ "name": "site", "kind": "public", "scopes": ["contacts:read"] });
    assert_eq!(server.post("/v1/keys", more).await.wrong().0, "scopes");
    let unknown = json!({ "name": "site", "kind": "secret", "scopes": ["everything"] });
    assert_eq!(server.post("/v1/keys", unknown).await.wrong(), ("scopes.0".into(), "invalid_enum_value".into()));
}

#[tokio::test]
async fn a_key_cannot_make_one_that_may_more() {
    let server = Server::start().await;
    let maker = server.add_key(server.workspace, KeyKind::Secret, &["keys:write", "contacts:*"]).await;
    let make = async |scopes| {
        let body = json!({ "name": "x", "kind": "secret", "scopes": scopes });
        server.ask_as(&maker, Method::POST, "/v1/keys", Some(body)).await.status.as_u16()
    };
    assert_eq!(make(json!(["contacts:read"])).await, 201);
    assert_eq!(make(json!(["templates:read"])).await, 403);
    assert_eq!(make(json!(["*"])).await, 403);
    assert_eq!(make(json!(null)).await, 403);
}

#[tokio::test]
async fn a_key_of_nobody_cannot_be_revoked() {
    let server = Server::start().await;
    assert_eq!(server.delete(&format!("/v1/keys/{}", Uuid::nil())).await.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
}

#[tokio::test]
async fn a_stored_secret_is_never_shown() {
    let server = Server::start().await;
    let body = json!({ "name": "crm", "secret": "hunter2", "hosts": ["API.example.org", "*.example.com"] });
    let made = server.post("/v1/connections", body.clone()).await;
    assert_eq!(made.status, 201);
    assert!(!made.text().contains("hunter2"));
    let made = made.ok();
    assert_eq!(made["hosts"], json!(["api.example.org", "*.example.com"]));
    assert_eq!(server.get("/v1/connections").await.ok()["data"], json!([made]));
    let mut conn = server.store().reader().await.expect("reader");
    let stored = connection::secret(&mut conn, server.workspace, "crm").await.expect("read").expect("stored");
    assert_eq!(stored.secret, b"hunter2");
    drop(conn);
    assert_eq!(server.post("/v1/connections", body).await.refusal(), (409, "CONFLICT".into()));
    let path = format!("/v1/connections/{}", made["id"].as_str().expect("id"));
    assert_eq!(server.delete(&path).await.status, 204);
    assert_eq!(server.delete(&path).await.refusal().0, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_credential_is_named_without_repeating_it() {
    let server = Server::start().await;
    let mut body = json!({ "name": "crm", "secret": "x".repeat(9000), "hosts": ["example.org"] });
    let refused = server.post("/v1/connections", body.clone()).await;
    assert_eq!(refused.wrong(), ("secret".into(), "too_big".into()));
    assert!(!refused.text().contains("xxx"));
    body["secret"] = json!("x");
    body["hosts"] = json!(["example.org/path"]);
    assert_eq!(server.post("/v1/connections", body.clone()).await.wrong().0, "hosts.0");
    body["hosts"] = json!(["example.org"]);
    body["name"] = json!("webhook-signing");
    assert_eq!(server.post("/v1/connections", body).await.refusal().0, 409);
}

#[tokio::test]
async fn the_signing_secret_is_shown_and_replaced() {
    let server = Server::start().await;
    let before = server.get("/v1/workspace").await.ok();
    assert_eq!((&before["name"], &before["disabled"]), (&json!("Acme"), &json!(false)));
    assert!(before["webhookSigningSecret"].as_str().expect("secret").starts_with("whsec_AQEB"));
    let rotated = server.post("/v1/workspace/rotate-webhook-secret", json!({})).await.ok();
    let after = server.get("/v1/workspace").await.ok();
    assert_eq!(after["webhookSigningSecret"], rotated["webhookSigningSecret"]);
    assert_ne!(after["webhookSigningSecret"], before["webhookSigningSecret"]);
}

#[tokio::test]
async fn an_address_is_suppressed_and_freed() {
    let server = Server::start().await;
    let made = server.post("/v1/suppressions", json!({ "email": "Ada@example.org" })).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!((&made["email"], &made["reason"]), (&json!("ada@example.org"), &json!("manual")));
    let again = server.post("/v1/suppressions", json!({ "email": "ada@example.org", "reason": "complaint" })).await;
    assert_eq!((again.status.as_u16(), again.ok()), (200, made.clone()));
    assert_eq!(server.get("/v1/suppressions?search=ADA").await.ok()["data"], json!([made]));
    assert_eq!(server.get("/v1/suppressions?search=bob").await.ok()["total"], 0);
    assert_eq!(server.delete("/v1/suppressions/ADA@example.org").await.status, 204);
    assert_eq!(server.delete("/v1/suppressions/ada@example.org").await.refusal().0, 404);
}
