//! The management routes of events.

use serde_json::json;
use uuid::Uuid;

use crate::server::Server;

#[tokio::test]
async fn an_event_of_a_contact_is_stored_whatever_its_name() {
    let server = Server::start().await;
    let contact = server.post("/contacts", json!({ "email": "ada@example.org" })).await.ok();
    let made = server
        .post("/events/track", json!({ "name": "email.open", "contactId": contact["id"], "data": { "a": 1 } }))
        .await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!(
        (&made["name"], &made["contactId"], &made["data"]),
        (&json!("email.open"), &contact["id"], &json!({ "a": 1 }))
    );
    let id = contact["id"].as_str().expect("id");
    let of_contact = server.get(&format!("/events/contact/{id}")).await.ok();
    assert_eq!(of_contact["events"], json!([made]));
}

#[tokio::test]
async fn an_event_may_belong_to_nobody_but_not_to_a_stranger() {
    let server = Server::start().await;
    let made = server.post("/events/track", json!({ "name": "deployed" })).await.ok();
    assert_eq!((&made["contactId"], &made["data"], &made["emailId"]), (&json!(null), &json!(null), &json!(null)));
    let stranger = json!({ "name": "deployed", "contactId": Uuid::nil() });
    assert_eq!(server.post("/events/track", stranger).await.refusal(), (404, "CONTACT_NOT_FOUND".into()));
    let stranger = format!("/events/contact/{}", Uuid::nil());
    assert_eq!(server.get(&stranger).await.refusal(), (404, "CONTACT_NOT_FOUND".into()));
    let events = server.get("/events").await.ok();
    assert_eq!(events["events"].as_array().map(Vec::len), Some(1));
    assert_eq!(events["events"][0]["contact"], json!(null));
}

#[tokio::test]
async fn the_names_are_those_used_and_those_the_server_emits() {
    let server = Server::start().await;
    server.post("/events/track", json!({ "name": "deployed" })).await.ok();
    let names = server.get("/events/names").await.ok()["eventNames"].clone();
    let names: Vec<_> = names.as_array().expect("names").iter().filter_map(|name| name.as_str()).collect();
    assert!(names.contains(&"deployed") && names.contains(&"email.click") && names.is_sorted(), "{names:?}");
}

#[tokio::test]
async fn events_are_counted_by_name_and_time() {
    let server = Server::start().await;
    for name in ["a", "b", "b"] {
        server.post("/events/track", json!({ "name": name })).await.ok();
    }
    assert_eq!(
        server.get("/events/stats").await.ok(),
        json!([{ "name": "b", "count": 2 }, { "name": "a", "count": 1 }])
    );
    assert_eq!(server.get("/events/stats?startDate=2026-01-03").await.ok(), json!([]));
    let day = "/events/stats?startDate=2026-01-02&endDate=2026-01-02T23:59:59Z";
    assert_eq!(server.get(day).await.ok().as_array().map(Vec::len), Some(2));
    assert_eq!(server.get("/events/stats?startDate=yesterday").await.wrong().0, "startDate");
}

#[tokio::test]
async fn an_unused_event_can_be_deleted() {
    let server = Server::start().await;
    for _ in 0..3 {
        server.post("/events/track", json!({ "name": "old/one" })).await.ok();
    }
    let usage = server.get("/events/old%2Fone/usage").await.ok();
    assert_eq!((&usage["totalCount"], &usage["canDelete"]), (&json!(3), &json!(true)));
    assert_eq!(server.delete("/events/old%2Fone").await.ok(), json!({ "deletedCount": 3 }));
    assert_eq!(server.delete("/events/old%2Fone").await.ok(), json!({ "deletedCount": 0 }));
}

#[tokio::test]
async fn an_event_that_a_workflow_uses_is_not_deleted() {
    let server = Server::start().await;
    let made = server.post("/workflows", json!({ "name": "Welcome", "eventName": "signed_up" })).await.ok();
    server.post("/events/track", json!({ "name": "signed_up" })).await.ok();
    let usage = server.get("/events/signed_up/usage").await.ok();
    assert_eq!(usage["usedInWorkflows"], json!([{ "id": made["id"], "name": "Welcome" }]));
    assert_eq!(usage["canDelete"], false);
    assert_eq!(server.delete("/events/signed_up").await.refusal(), (409, "CONFLICT".into()));
}
