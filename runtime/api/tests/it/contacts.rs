//! Contacts.

use axum::http::Method;
use serde_json::json;
use stepwell_core::WorkspaceId;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::Server;

#[tokio::test]
async fn a_contact_is_made_once_and_then_changed() {
    let server = Server::start().await;
    let made = server.post("/contacts", json!({ "email": " Ada@Example.org ", "data": { "plan": "free" } })).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!(made["email"], "ada@example.org");
    assert_eq!((&made["subscribed"], &made["_meta"]["isNew"]), (&json!(true), &json!(true)));
    assert_eq!(made["createdAt"], "2026-01-02T03:04:05.678Z");

    let again = server.post("/contacts", json!({ "email": "ada@example.org", "data": { "city": "Ulm" } })).await;
    assert_eq!(again.status, 200);
    let again = again.ok();
    assert_eq!((&again["id"], &again["data"]), (&made["id"], &json!({ "plan": "free", "city": "Ulm" })));
    assert_eq!(again["_meta"], json!({ "isNew": false, "isUpdate": true }));
}

#[tokio::test]
async fn an_update_without_a_subscription_keeps_it() {
    let server = Server::start().await;
    server.post("/contacts", json!({ "email": "ada@example.org", "subscribed": false })).await.ok();
    let again = server.post("/contacts", json!({ "email": "ada@example.org" })).await.ok();
    assert_eq!(again["subscribed"], false);
}

#[tokio::test]
async fn what_is_wrong_with_a_contact_is_named() {
    let server = Server::start().await;
    let wrong = async |body| server.post("/contacts", body).await.wrong();
    assert_eq!(wrong(json!({})).await, ("email".into(), "required".into()));
    assert_eq!(wrong(json!({ "email": "ada" })).await, ("email".into(), "invalid_string".into()));
    assert_eq!(wrong(json!({ "email": "a..b@example.org" })).await, ("email".into(), "invalid_string".into()));
    assert_eq!(wrong(json!({ "email": 1 })).await, ("email".into(), "invalid_type".into()));
    let unknown = json!({ "email": "ada@example.org", "subscribe": true });
    assert_eq!(wrong(unknown).await, ("subscribe".into(), "unrecognized_keys".into()));
    let nul = json!({ "email": "ada@example.org", "data": { "a": ["x\0"] } });
    assert_eq!(wrong(nul).await, ("data.a.0".into(), "invalid_string".into()));
    let locale = json!({ "email": "ada@example.org", "data": { "locale": 1 } });
    assert_eq!(server.post("/contacts", locale).await.refusal(), (400, "VALIDATION_ERROR".into()));
    let large = json!({ "email": "ada@example.org", "data": { "a": "x".repeat(70_000) } });
    assert_eq!(wrong(large).await, ("data".into(), "too_big".into()));
    assert_eq!(server.get("/contacts").await.ok()["total"], 0);
}

#[tokio::test]
async fn data_cannot_grow_beyond_its_limit_by_many_merges() {
    let server = Server::start().await;
    let part = |key: &str| json!({ "email": "ada@example.org", "data": { key: "x".repeat(40_000) } });
    server.post("/contacts", part("a")).await.ok();
    assert_eq!(server.post("/contacts", part("b")).await.wrong(), ("data".into(), "too_big".into()));
    let found = server.get("/contacts").await.ok();
    assert_eq!(found["data"][0]["data"].as_object().map(serde_json::Map::len), Some(1));
}

#[tokio::test]
async fn a_contact_is_read_changed_and_deleted() {
    let server = Server::start().await;
    let made = server.post("/contacts", json!({ "email": "ada@example.org", "data": { "plan": "free" } })).await.ok();
    let path = format!("/contacts/{}", made["id"].as_str().expect("id"));
    let change = json!({ "email": "grace@example.org", "subscribed": false, "data": { "plan": null, "city": "" } });
    let changed = server.patch(&path, change).await.ok();
    assert_eq!((&changed["email"], &changed["subscribed"]), (&json!("grace@example.org"), &json!(false)));
    assert_eq!(changed["data"], json!({}));
    assert_eq!(server.get(&path).await.ok(), changed);
    assert_eq!(server.delete(&path).await.status, 204);
    for answer in [server.get(&path).await, server.delete(&path).await, server.patch(&path, json!({})).await] {
        assert_eq!(answer.refusal(), (404, "CONTACT_NOT_FOUND".into()));
    }
}

#[tokio::test]
async fn an_address_that_another_contact_has_is_a_conflict_and_changes_nothing() {
    let server = Server::start().await;
    server.post("/contacts", json!({ "email": "ada@example.org" })).await.ok();
    let other = server.post("/contacts", json!({ "email": "grace@example.org" })).await.ok();
    let path = format!("/contacts/{}", other["id"].as_str().expect("id"));
    let refused = server.patch(&path, json!({ "email": "ADA@example.org", "subscribed": false })).await;
    assert_eq!(refused.refusal(), (409, "CONFLICT".into()));
    assert_eq!(server.get(&path).await.ok()["subscribed"], true);
}

#[tokio::test]
async fn a_contact_of_another_workspace_is_not_found() {
    let server = Server::start().await;
    let made = server.post("/contacts", json!({ "email": "ada@example.org" })).await.ok();
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let key = server.add_key(other, KeyKind::Secret, &["*"]).await;
    let path = format!("/contacts/{}", made["id"].as_str().expect("id"));
    for (method, body) in [(Method::GET, None), (Method::PATCH, Some(json!({}))), (Method::DELETE, None)] {
        assert_eq!(server.ask_as(&key, method, &path, body).await.status, 404);
    }
    assert_eq!(server.ask_as(&key, Method::GET, "/contacts", None).await.ok()["total"], 0);
}

#[tokio::test]
async fn what_is_no_id_is_not_found() {
    let server = Server::start().await;
    assert_eq!(server.get("/contacts/1").await.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
    assert_eq!(server.get("/contacts/%FF").await.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
}

#[tokio::test]
async fn a_list_is_walked_by_its_cursor() {
    let server = Server::start().await;
    for name in ["ada", "bob", "cleo"] {
        server
            .post("/contacts", json!({ "email": format!("{name}@example.org"), "subscribed": name != "bob" }))
            .await
            .ok();
        server.tick(1);
    }
    let first = server.get("/contacts?limit=2&sort=email&dir=asc").await.ok();
    assert_eq!((&first["total"], &first["hasMore"]), (&json!(3), &json!(true)));
    assert_eq!(first["data"][1]["email"], "bob@example.org");
    let cursor = first["cursor"].as_str().expect("cursor");
    let second = server.get(&format!("/contacts?limit=2&sort=email&dir=asc&cursor={cursor}")).await.ok();
    assert_eq!((&second["total"], &second["hasMore"]), (&json!(0), &json!(false)));
    assert_eq!(second["data"][0]["email"], "cleo@example.org");
    assert!(second.get("cursor").is_none());
    let some = server.get("/contacts?subscribed=true&search=A").await.ok();
    assert_eq!(some["total"], 2);
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_named() {
    let server = Server::start().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("limit=1&limit=2", "limit"),
        ("sort=age", "sort"),
        ("dir=up", "dir"),
        ("subscribed=1", "subscribed"),
        ("cursor=zz", "cursor"),
        ("search=%00", "search"),
    ] {
        assert_eq!(server.get(&format!("/contacts?{query}")).await.wrong().0, field, "{query}");
    }
    assert_eq!(server.get("/contacts?limit=5000").await.status, 200);
}

#[tokio::test]
async fn addresses_are_looked_up_however_they_are_written() {
    let server = Server::start().await;
    server.post("/contacts", json!({ "email": "ada@example.org" })).await.ok();
    let answer =
        server.post("/contacts/lookup", json!({ "emails": ["ADA@example.org ", "bob@example.org", "no"] })).await.ok();
    assert_eq!(answer["found"][0]["email"], "ada@example.org");
    assert_eq!(answer["notFound"], json!(["bob@example.org", "no"]));
    let many: Vec<_> = (0..501).map(|n| format!("{n}@example.org")).collect();
    let refused = server.post("/contacts/lookup", json!({ "emails": many })).await;
    assert_eq!(refused.wrong(), ("emails".into(), "too_big".into()));
}

#[tokio::test]
async fn two_first_events_at_once_make_one_contact() {
    let server = Server::start().await;
    let ask = || server.post("/contacts", json!({ "email": "ada@example.org" }));
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    let made = [&one, &two, &three].into_iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    assert_eq!(server.get("/contacts").await.ok()["total"], 1);
}
