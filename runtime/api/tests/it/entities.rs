//! Entities.

use axum::http::Method;
use serde_json::{Value, json};
use stepwell_core::WorkspaceId;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::Server;

async fn made(server: &Server, slug: &str, attributes: Value) -> Value {
    let answer = server.post(&format!("/v1/entity/{slug}"), attributes).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn path(entity: &Value) -> String {
    format!("/v1/entity/{}/{}", entity["_schema"].as_str().expect("slug"), entity["_id"].as_str().expect("id"))
}

#[tokio::test]
async fn an_entity_is_its_attributes_and_what_the_server_says_of_it() {
    let server = Server::start().await;
    let made = made(&server, "opportunity", json!({"name": "Roof", "amount": {"value": 12.5}, "tags": ["a"]})).await;
    let expected = json!({
        "_id": made["_id"], "_schema": "opportunity", "_org": server.workspace.to_string(), "_title": "Roof",
        "_created_at": "2026-01-02T03:04:05.678Z", "_updated_at": "2026-01-02T03:04:05.678Z",
        "name": "Roof", "amount": {"value": 12.5}, "tags": ["a"],
    });
    assert_eq!(made, expected);
    assert!(Uuid::try_parse(made["_id"].as_str().expect("id")).is_ok());
    assert_eq!(server.get(&path(&made)).await.ok(), json!({"entity": expected, "relations": []}));
}

#[tokio::test]
async fn attributes_are_merged_and_null_removes_one() {
    let server = Server::start().await;
    let entity = made(&server, "order", json!({"status": "open", "city": "Ulm", "address": {"zip": 1}})).await;
    server.tick(1_000);
    let change = json!({"status": "won", "city": null, "address": {"street": "a"}, "_id": "x", "_schema": "y"});
    let after = server.patch(&path(&entity), change).await.ok();
    assert_eq!(after["status"], "won");
    assert_eq!((after.get("city"), &after["address"]), (None, &json!({"street": "a"})));
    assert_eq!((&after["_id"], &after["_schema"]), (&entity["_id"], &entity["_schema"]));
    assert_eq!(after["_updated_at"], "2026-01-02T03:04:06.678Z");
    assert_eq!(server.get(&path(&entity)).await.ok()["entity"], after);
}

#[tokio::test]
async fn an_id_may_be_brought_along_once() {
    let server = Server::start().await;
    let id = Uuid::from_u128(77).to_string();
    assert_eq!(made(&server, "order", json!({"_id": id})).await["_id"], id.as_str());
    let again = server.post("/v1/entity/order", json!({"_id": id})).await;
    assert_eq!(again.declined().0, 409);
    made(&server, "other", json!({"_id": id})).await;
    let wrong = server.post("/v1/entity/order", json!({"_id": "abc"})).await;
    assert_eq!(wrong.declined(), (400, "_id: must be a UUID".to_owned()));
}

#[tokio::test]
async fn a_contact_is_an_entity_and_an_entity_of_that_slug_a_contact() {
    let server = Server::start().await;
    let entity = made(&server, "contact", json!({"email": " Ada@Example.org", "first_name": "Ada"})).await;
    assert_eq!((&entity["email"], &entity["_title"]), (&json!("ada@example.org"), &json!("Ada")));
    let id = entity["_id"].as_str().expect("id");
    let contact = server.get(&format!("/contacts/{id}")).await.ok();
    assert_eq!((&contact["subscribed"], &contact["data"]), (&json!(true), &json!({"first_name": "Ada"})));
    let change = json!({"email": "lovelace@example.org", "plan": "pro", "first_name": null});
    let after = server.patch(&path(&entity), change).await.ok();
    assert_eq!(
        (&after["email"], &after["plan"], after.get("first_name")),
        (&json!("lovelace@example.org"), &json!("pro"), None)
    );
    let contact = server.get(&format!("/contacts/{id}")).await.ok();
    assert_eq!((&contact["email"], &contact["data"]), (&json!("lovelace@example.org"), &json!({"plan": "pro"})));
}

#[tokio::test]
async fn a_contact_has_one_address_that_nobody_else_has() {
    let server = Server::start().await;
    let ada = made(&server, "contact", json!({"email": "ada@example.org"})).await;
    let bob = made(&server, "contact", json!({"email": "bob@example.org"})).await;
    let again = server.post("/v1/entity/contact", json!({"email": "ADA@example.org", "plan": "pro"})).await;
    assert_eq!(again.declined().0, 409);
    assert_eq!(server.patch(&path(&bob), json!({"email": "ada@example.org"})).await.declined().0, 409);
    assert_eq!(server.get(&path(&ada)).await.ok()["entity"].get("plan"), None);
    for (body, message) in [
        (json!({}), "email: email is required"),
        (json!({"email": "nobody"}), "email: does not have the form that is asked for"),
        (json!({"email": "c@example.org", "_id": Uuid::nil()}), "_id: the id of a contact is made by the server"),
    ] {
        let answer = server.post("/v1/entity/contact", body).await;
        assert_eq!(answer.declined(), (400, message.to_owned()));
    }
    let removed = server.patch(&path(&ada), json!({"email": null})).await;
    assert_eq!(removed.declined(), (400, "email: a contact has an address".to_owned()));
}

#[tokio::test]
async fn what_is_no_object_or_too_large_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let entity = made(&server, "order", json!({"a": "x".repeat(40_000)})).await;
    for body in [json!([1]), json!("x"), json!({"a": "x".repeat(70_000)}), json!({"a": "\u{0}"})] {
        assert_eq!(server.post("/v1/entity/order", body.clone()).await.declined().0, 400);
        assert_eq!(server.patch(&path(&entity), body).await.declined().0, 400);
    }
    let (status, message) = server.patch(&path(&entity), json!({"b": "x".repeat(40_000)})).await.declined();
    assert_eq!(
        (status, message.starts_with("body: the entity's attributes would take more")),
        (400, true),
        "{message}"
    );
    assert_eq!(server.get(&path(&entity)).await.ok()["entity"].get("b"), None);
}

#[tokio::test]
async fn a_slug_is_plain_and_what_is_not_there_is_not_found() {
    let server = Server::start().await;
    let (status, message) = server.post("/v1/entity/a%20b", json!({})).await.declined();
    assert_eq!((status, message.starts_with("slug: ")), (400, true), "{message}");
    let entity = made(&server, "order", json!({})).await;
    let id = entity["_id"].as_str().expect("id");
    for path in [
        format!("/v1/entity/other/{id}"),
        "/v1/entity/order/x".to_owned(),
        "/v1/entity/order/%00".to_owned(),
        format!("/v1/entity/a%20b/{id}"),
        format!("/v1/entity/contact/{id}"),
    ] {
        assert_eq!(server.get(&path).await.declined().0, 404, "{path}");
        assert_eq!(server.patch(&path, json!({"a": 1})).await.declined().0, 404, "{path}");
    }
}

#[tokio::test]
async fn another_workspace_sees_nothing_and_a_key_needs_the_scope() {
    let server = Server::start().await;
    let entity = made(&server, "order", json!({"status": "open"})).await;
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let foreign = server.add_key(other, KeyKind::Secret, &["*"]).await;
    let change = Some(json!({"status": "won"}));
    assert_eq!(server.ask_as(&foreign, Method::GET, &path(&entity), None).await.status, 404);
    assert_eq!(server.ask_as(&foreign, Method::PATCH, &path(&entity), change.clone()).await.status, 404);
    let reader = server.add_key(server.workspace, KeyKind::Secret, &["entities:read"]).await;
    assert_eq!(server.ask_as(&reader, Method::GET, &path(&entity), None).await.status, 200);
    assert_eq!(server.ask_as(&reader, Method::PATCH, &path(&entity), change).await.declined().0, 403);
    assert_eq!(server.ask_as("sk_x", Method::GET, &path(&entity), None).await.declined().0, 401);
    assert_eq!(server.get(&path(&entity)).await.ok()["entity"]["status"], "open");
}

#[tokio::test]
async fn an_entity_says_which_flows_are_about_it() {
    let server = Server::start().await;
    let entity = made(&server, "order", json!({})).await;
    let flow = json!([
        {"name": "Prepare", "id": "p", "steps": [{"name": "Call", "assignedTo": ["u1"]}, {"name": "Write", "assignedTo": ["u2"]}]},
        {"name": "Sign", "assignedTo": ["u3"], "executionType": "AUTOMATION"},
    ]);
    let definition = server.post("/v1/workflows/definitions", json!({"name": "Onboarding", "flow": flow})).await.ok();
    let contexts = json!([{"id": entity["_id"], "schema": "order"}]);
    let body = json!({"workflowId": definition["id"], "contexts": contexts, "assignedTo": ["boss"]});
    let execution = server.post("/v1/workflows/executions", body).await.ok();
    let (section, call) = (&execution["flow"][0], &execution["flow"][0]["steps"][0]);
    let phase = json!({
        "phase_id": section["id"], "phase_name": "Prepare", "phase_progress": 0.0, "phase_assignees": [],
    });
    let mut expected = json!({
        "id": execution["id"], "definition_id": definition["id"], "name": "Onboarding", "status": "STARTED",
        "assignees": ["boss"], "last_update_time": "2026-01-02T03:04:05.678Z", "progress": 0.0,
        "upcoming_tasks_assignees": ["u2", "u3"], "task_id": call["id"], "task_name": "Call", "task_assignees": ["u1"],
        "task_execution_type": "MANUAL", "task_status": "PENDING", "phases_in_progress": [phase],
    });
    expected.as_object_mut().expect("object").extend(phase.as_object().cloned().expect("object"));
    let shown = server.get(&path(&entity)).await.ok()["entity"]["workflows"].clone();
    assert_eq!(shown["primary"], json!([expected]));
    assert_eq!(shown[definition["id"].as_str().expect("id")], json!([expected]));
    let close = json!({"status": "CLOSED", "closingReasonDescription": "over"});
    let path_of = format!("/v1/workflows/executions/{}", execution["id"].as_str().expect("id"));
    assert_eq!(server.patch(&path_of, close).await.status, 204);
    let shown = server.get(&path(&entity)).await.ok()["entity"]["workflows"]["primary"][0].clone();
    assert_eq!((&shown["status"], &shown["closing_reason_description"]), (&json!("CLOSED"), &json!("over")));
    assert_eq!((shown.get("task_id"), &shown["phases_in_progress"]), (None, &json!([phase])));
}
