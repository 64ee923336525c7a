//! `/v1/track`.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::server::{Answer, Server};

async fn track_once(server: &Server, key: &str, body: Value) -> Answer {
    let request = Request::post("/v1/track")
        .header("authorization", format!("Bearer {}", server.key))
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    server.call(request.body(Body::from(body.to_string())).expect("request")).await
}

async fn contact(server: &Server) -> Value {
    server.get("/contacts?search=ada@example.org").await.ok()["data"][0].clone()
}

async fn count(server: &Server) -> usize {
    server.get("/events").await.ok()["events"].as_array().expect("events").len()
}

#[tokio::test]
async fn an_event_of_an_unknown_address_makes_a_subscribed_contact() {
    let server = Server::start().await;
    let data = json!({ "plan": "pro", "code": { "value": 1, "persistent": false } });
    let body = json!({ "event": "signed_up", "email": "Ada@example.org", "data": data });
    let answer = server.post("/v1/track", body).await.ok();
    let contact = contact(&server).await;
    assert_eq!(answer["success"], true);
    assert_eq!(answer["data"]["contact"], contact["id"]);
    assert_eq!(answer["data"]["timestamp"], "2026-01-02T03:04:05.678Z");
    assert_eq!((&contact["subscribed"], &contact["data"]), (&json!(true), &json!({ "plan": "pro" })));
    let event = server.get("/events").await.ok()["events"][0].clone();
    assert_eq!(event["data"], data);
    assert_eq!(event["contact"], json!({ "email": "ada@example.org" }));
}

#[tokio::test]
async fn a_subscription_is_kept_unless_it_is_given() {
    let server = Server::start().await;
    let track = async |more: Value| {
        let mut body = json!({ "event": "signed_up", "email": "ada@example.org" });
        body.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        server.post("/v1/track", body).await.ok();
        contact(&server).await["subscribed"].clone()
    };
    assert_eq!(track(json!({ "subscribed": false })).await, false);
    assert_eq!(track(json!({})).await, false);
    assert_eq!(track(json!({ "subscribed": true })).await, true);
    assert_eq!(track(json!({ "subscribed": false, "preserveExistingSubscription": true })).await, true);
}

#[tokio::test]
async fn a_subscription_that_flips_is_an_event() {
    let server = Server::start().await;
    for subscribed in [true, false, false] {
        let body = json!({ "event": "x", "email": "ada@example.org", "subscribed": subscribed });
        server.post("/v1/track", body).await.ok();
    }
    let events = server.get("/events?eventName=contact.unsubscribed").await.ok();
    assert_eq!(events["events"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_name_that_only_the_server_uses_is_refused() {
    let server = Server::start().await;
    for name in ["email.open", "contact.subscribed", "segment.vip.entry", " email.sent "] {
        let refused = server.post("/v1/track", json!({ "event": name, "email": "ada@example.org" })).await;
        assert_eq!(refused.wrong(), ("event".into(), "reserved_event".into()), "{name}");
    }
    assert_eq!(server.get("/contacts").await.ok()["total"], 0);
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_named() {
    let server = Server::start().await;
    for (body, field, code) in [
        (json!({ "email": "ada@example.org" }), "event", "required"),
        (json!({ "event": " ", "email": "ada@example.org" }), "event", "invalid_string"),
        (json!({ "event": "x" }), "email", "required"),
        (json!({ "event": "x", "email": "ada@" }), "email", "invalid_string"),
        (json!({ "event": "x", "email": "ada@example.org", "data": [] }), "data", "invalid_type"),
        (json!({ "event": "x", "email": "ada@example.org", "subscribed": "yes" }), "subscribed", "invalid_type"),
        (json!({ "event": "x".repeat(256), "email": "ada@example.org" }), "event", "too_big"),
        (json!({ "event": "x", "email": "ada@example.org", "data": { "a": "x".repeat(70_000) } }), "data", "too_big"),
    ] {
        assert_eq!(server.post("/v1/track", body).await.wrong(), (field.into(), code.into()));
    }
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn an_idempotency_key_is_taken_once() {
    let server = Server::start().await;
    let body = json!({ "event": "paid", "email": "ada@example.org" });
    assert_eq!(track_once(&server, "order 1", body.clone()).await.status, 200);
    server.tick(1000);
    let again = track_once(&server, "order 1", body.clone()).await;
    assert_eq!(again.refusal(), (409, "IDEMPOTENCY_KEY_REUSED".into()));
    assert_eq!(
        again.json()["error"]["details"],
        json!({
            "key": "order 1", "originalRequest": "POST /v1/track",
            "originalRequestAt": "2026-01-02T03:04:05.678Z", "originalStatusCode": 200,
        })
    );
    assert_eq!(track_once(&server, "order 2", body.clone()).await.status, 200);
    assert_eq!(count(&server).await, 2);
    server.tick(24 * 60 * 60 * 1000);
    assert_eq!(track_once(&server, "order 1", body).await.status, 200);
}

#[tokio::test]
async fn a_refused_request_gives_its_idempotency_key_back() {
    let server = Server::start().await;
    let refused = track_once(&server, "order 1", json!({ "event": "email.open", "email": "ada@example.org" })).await;
    assert_eq!(refused.status, 422);
    let large = |key: &str| json!({ "event": "x", "email": "ada@example.org", "data": { key: "x".repeat(40_000) } });
    assert_eq!(track_once(&server, "order 1", large("a")).await.status, 200);
    assert_eq!(track_once(&server, "order 2", large("b")).await.status, 422);
    assert_eq!(track_once(&server, "order 2", json!({ "event": "x", "email": "ada@example.org" })).await.status, 200);
}

#[tokio::test]
async fn an_idempotency_key_that_is_none_is_refused() {
    let server = Server::start().await;
    let body = json!({ "event": "x", "email": "ada@example.org" });
    for key in ["", &"x".repeat(256), "ü"] {
        let refused = track_once(&server, key, body.clone()).await;
        assert_eq!(refused.wrong(), ("Idempotency-Key".into(), "invalid_string".into()));
    }
    assert_eq!(count(&server).await, 0);
}
