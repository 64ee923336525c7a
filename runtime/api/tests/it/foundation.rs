//! What all routes have in common: keys, envelopes, limits.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use stepwell_api::{ApiOptions, Rate, RateLimits};
use stepwell_core::WorkspaceId;
use stepwell_store::key::{self, KeyKind};
use uuid::Uuid;

use crate::server::Server;

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

#[tokio::test]
async fn a_request_without_a_well_formed_key_is_unauthorised() {
    let server = Server::start().await;
    let absent = server.call(request("GET", "/contacts").body(Body::empty()).expect("request")).await;
    assert_eq!(absent.refusal(), (401, "MISSING_AUTH".into()));
    assert_eq!(absent.headers["www-authenticate"], "Bearer");
    for header in ["", "Bearer", "Bearer  x", "Basic x", "Bearer a b"] {
        let answer = request("GET", "/contacts").header("authorization", header).body(Body::empty()).expect("request");
        assert_eq!(server.call(answer).await.refusal(), (401, "MISSING_AUTH".into()), "{header:?}");
    }
    let unknown = format!("sk_{}", "0".repeat(64));
    for key in [unknown.as_str(), "sk_1", &server.key.to_uppercase()] {
        let answer = server.ask_as(key, Method::GET, "/contacts", None).await;
        assert_eq!(answer.refusal(), (401, "INVALID_API_KEY".into()), "{key}");
    }
}

#[tokio::test]
async fn a_public_key_sends_events_and_nothing_else() {
    let server = Server::start().await;
    let public = server.add_key(server.workspace, KeyKind::Public, &["events:write"]).await;
    let event = json!({ "event": "signed_up", "email": "ada@example.org" });
    assert_eq!(server.ask_as(&public, Method::POST, "/v1/track", Some(event.clone())).await.status, 200);
    assert_eq!(server.post("/v1/track", event).await.status, 200);
    let managed = server.ask_as(&public, Method::POST, "/events/track", Some(json!({ "name": "x" }))).await;
    assert_eq!(managed.refusal(), (401, "INVALID_API_KEY".into()));
}

#[tokio::test]
async fn a_key_without_the_scope_is_forbidden() {
    let server = Server::start().await;
    let reader = server.add_key(server.workspace, KeyKind::Secret, &["contacts:read"]).await;
    assert_eq!(server.ask_as(&reader, Method::GET, "/contacts", None).await.status, 200);
    let body = json!({ "email": "ada@example.org" });
    let refused = server.ask_as(&reader, Method::POST, "/contacts", Some(body)).await;
    assert_eq!(refused.refusal(), (403, "FORBIDDEN".into()));
    assert_eq!(server.get("/contacts").await.ok()["total"], 0);
}

#[tokio::test]
async fn a_disabled_project_can_be_read_and_not_changed() {
    let server = Server::start().await;
    let asleep = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(asleep, true).await;
    let key = server.add_key(asleep, KeyKind::Secret, &["*"]).await;
    assert_eq!(server.ask_as(&key, Method::GET, "/contacts", None).await.status, 200);
    let body = json!({ "email": "ada@example.org" });
    let refused = server.ask_as(&key, Method::POST, "/contacts", Some(body)).await;
    assert_eq!(refused.refusal(), (403, "PROJECT_DISABLED".into()));
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_then_on() {
    let server = Server::start().await;
    let made = server.post("/v1/keys", json!({ "name": "ci", "kind": "secret" })).await.ok();
    let key = made["key"].as_str().expect("key").to_owned();
    assert_eq!(server.ask_as(&key, Method::GET, "/contacts", None).await.status, 200);
    server.delete(&format!("/v1/keys/{}", made["id"].as_str().expect("id"))).await.ok();
    assert_eq!(server.ask_as(&key, Method::GET, "/contacts", None).await.status, 401);
}

#[tokio::test]
async fn the_use_of_a_key_is_noted() {
    let server = Server::start().await;
    server.tick(3_600_000);
    server.get("/contacts").await.ok();
    loop {
        let mut conn = server.store().reader().await.expect("reader");
        let keys = key::list(&mut conn, server.workspace).await.expect("keys");
        if keys[0].last_used_at == Some(server.state.now()) {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let server = Server::start().await;
    let (one, other) = (server.get("/health").await, server.get("/health").await);
    assert_ne!(one.headers["x-request-id"], other.headers["x-request-id"]);
}

#[tokio::test]
async fn an_unknown_route_and_a_wrong_method_have_the_envelope() {
    let server = Server::start().await;
    assert_eq!(server.get("/nowhere").await.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
    let wrong = server.ask(Method::PUT, "/contacts", None).await;
    assert_eq!(wrong.refusal(), (405, "METHOD_NOT_ALLOWED".into()));
    assert!(wrong.headers["allow"].to_str().expect("text").contains("GET"));
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let server = Server::start().await;
    let send = async |kind: Option<&str>, body: &'static str| {
        let mut builder = request("POST", "/contacts").header("authorization", format!("Bearer {}", server.key));
        if let Some(kind) = kind {
            builder = builder.header("content-type", kind);
        }
        server.call(builder.body(Body::from(body)).expect("request")).await.refusal()
    };
    let json = Some("application/json; charset=utf-8");
    assert_eq!(send(json, "{").await, (400, "VALIDATION_ERROR".into()));
    assert_eq!(send(json, "").await, (400, "VALIDATION_ERROR".into()));
    assert_eq!(send(json, "[]").await, (422, "VALIDATION_ERROR".into()));
    assert_eq!(send(json, "null").await, (422, "VALIDATION_ERROR".into()));
    assert_eq!(send(None, "{}").await, (415, "UNSUPPORTED_MEDIA_TYPE".into()));
    assert_eq!(send(Some("text/plain"), "{}").await, (415, "UNSUPPORTED_MEDIA_TYPE".into()));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = Server::start_with(ApiOptions { body_limit: 1000, ..ApiOptions::default() }).await;
    let body = json!({ "email": "ada@example.org", "data": { "text": "x".repeat(1000) } });
    assert_eq!(server.post("/contacts", body).await.refusal(), (413, "PAYLOAD_TOO_LARGE".into()));
}

#[tokio::test]
async fn bodies_beyond_the_memory_of_the_server_are_refused_for_now() {
    let server = Server::start_with(ApiOptions { body_budget: 2048, ..ApiOptions::default() }).await;
    let body = json!({ "email": "ada@example.org", "data": { "text": "x".repeat(5000) } });
    let refused = server.post("/contacts", body).await;
    assert_eq!(refused.refusal(), (503, "SERVICE_UNAVAILABLE".into()));
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(server.post("/contacts", json!({ "email": "ada@example.org" })).await.status, 201);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let options = ApiOptions { body_timeout: Duration::from_millis(10), ..ApiOptions::default() };
    let server = Server::start_with(options).await;
    let endless = Body::from_stream(futures_util::stream::pending::<Result<&'static str, std::io::Error>>());
    let request = request("POST", "/contacts")
        .header("authorization", format!("Bearer {}", server.key))
        .header("content-type", "application/json");
    let refused = server.call(request.body(endless).expect("request")).await;
    assert_eq!(refused.refusal(), (408, "REQUEST_TIMEOUT".into()));
}

#[tokio::test]
async fn requests_beyond_the_rate_are_told_when_to_come_back() {
    let rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(2).expect("two") };
    let rate_limits = RateLimits { contacts: Some(rate), ..RateLimits::default() };
    let server = Server::start_with(ApiOptions { rate_limits, ..ApiOptions::default() }).await;
    let body = json!({ "email": "ada@example.org" });
    let first = server.post("/contacts", body.clone()).await;
    assert_eq!(
        (&first.headers["ratelimit-limit"], &first.headers["ratelimit-remaining"]),
        (&"2".parse().expect("2"), &"1".parse().expect("1"))
    );
    server.post("/contacts", body.clone()).await.ok();
    let refused = server.post("/contacts", body).await;
    assert_eq!(refused.refusal(), (429, "RATE_LIMIT_EXCEEDED".into()));
    assert_eq!(refused.json()["error"]["details"]["retryAfter"], 1);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.headers["ratelimit-remaining"], "0");
    assert_eq!(server.get("/contacts").await.status, 200);
}

#[tokio::test]
async fn a_browser_may_call_v1_from_any_origin() {
    let server = Server::start().await;
    let preflight = request("OPTIONS", "/v1/track")
        .header("origin", "https://shop.example.org")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let answer = server.call(preflight.body(Body::empty()).expect("request")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    let refused = request("POST", "/v1/track").header("origin", "https://shop.example.org");
    let refused = server.call(refused.body(Body::empty()).expect("request")).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.headers["access-control-allow-origin"]),
        (401, &"*".parse().expect("*"))
    );
}

#[tokio::test]
async fn a_server_that_is_not_ready_says_so() {
    let server = Server::start().await;
    assert_eq!(server.get("/health").await.status, 200);
    assert_eq!(server.get("/ready").await.status, 200);
    server.state.set_ready(false);
    assert_eq!(server.get("/ready").await.refusal(), (503, "SERVICE_UNAVAILABLE".into()));
    assert_eq!(server.get("/health").await.status, 200);
}

#[tokio::test]
async fn the_reference_is_served_without_a_network() {
    let server = Server::start().await;
    assert_eq!(server.get("/docs").await.headers["location"], "/docs/index.html");
    let page = server.get("/docs/index.html").await;
    assert!(page.text().contains("swagger-ui") && !page.text().contains("https://"), "{}", page.text());
    assert!(server.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
    assert_eq!(server.get("/docs/nothing").await.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
}
