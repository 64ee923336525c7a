//! Definitions of the first version of the flows surface: sections and steps.

use axum::http::Method;
use serde_json::{Value, json};
use stepwell_core::WorkspaceId;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::Server;

const ALL: &str = "/v1/workflows/definitions";

fn onboarding() -> Value {
    json!({
        "name": "Onboarding", "description": "For new customers", "assignedTo": ["u1"], "own": {"a": 1},
        "dynamicDueDate": {"numberOfUnits": 2, "timePeriod": "weeks", "actionTypeCondition": "WORKFLOW_STARTED"},
        "flow": [
            {"name": "Prepare", "order": 1, "type": "SECTION", "id": "prepare", "steps": [
                {"name": "Call", "order": 1, "type": "STEP", "id": "call", "description": {"enabled": true, "value": "<b>x</b>"}},
                {"name": "Sync", "order": 2, "type": "STEP", "executionType": "AUTOMATION", "automationConfig": {"flowId": "f"}},
            ]},
            {"name": "Sign", "order": 2, "type": "STEP", "requirements": [
                {"definitionId": "prepare", "type": "SECTION", "condition": "CLOSED"},
            ]},
        ],
    })
}

async fn made(server: &Server, body: Value) -> Value {
    let answer = server.post(ALL, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn path(definition: &Value) -> String {
    format!("{ALL}/{}", definition["id"].as_str().expect("id"))
}

#[tokio::test]
async fn a_definition_is_kept_as_it_was_sent_with_ids_for_what_had_none() {
    let server = Server::start().await;
    let made = made(&server, onboarding()).await;
    let mut expected = onboarding();
    let members = expected.as_object_mut().expect("object");
    members.insert("id".into(), made["id"].clone());
    members.insert("enabled".into(), json!(true));
    members.insert("creationTime".into(), json!("2026-01-02T03:04:05.678Z"));
    members.insert("lastUpdateTime".into(), json!("2026-01-02T03:04:05.678Z"));
    expected["flow"][0]["steps"][1]["id"] = made["flow"][0]["steps"][1]["id"].clone();
    expected["flow"][1]["id"] = made["flow"][1]["id"].clone();
    assert_eq!(made, expected);
    assert_eq!(made["flow"][1]["id"].as_str().map(str::len), Some(10));
    assert_eq!(server.get(&path(&made)).await.ok(), made);
    assert_eq!(server.get(ALL).await.ok(), json!([made]));
}

#[tokio::test]
async fn an_update_replaces_a_definition_and_the_one_that_changed_last_is_listed_first() {
    let server = Server::start().await;
    let first = made(&server, onboarding()).await;
    server.tick(1_000);
    let second = made(&server, json!({"name": "Other", "flow": []})).await;
    server.tick(1_000);
    let body = json!({"name": "New", "enabled": false, "id": "x", "creationTime": "y", "flow": [{"name": "Only"}]});
    let answer = server.put(&path(&first), body).await.ok();
    assert_eq!((&answer["name"], &answer["enabled"], &answer["id"]), (&json!("New"), &json!(false), &first["id"]));
    assert_eq!((&answer["creationTime"], answer.get("assignedTo")), (&first["creationTime"], None));
    assert_eq!(answer["lastUpdateTime"], "2026-01-02T03:04:07.678Z");
    assert_eq!((&answer["flow"][0]["type"], &answer["flow"][0]["order"]), (&json!("STEP"), &json!(0)));
    assert_eq!(server.get(ALL).await.ok(), json!([answer, second]));
}

#[tokio::test]
async fn a_deleted_definition_is_gone() {
    let server = Server::start().await;
    let made = made(&server, onboarding()).await;
    let deleted = server.delete(&path(&made)).await;
    assert_eq!((deleted.status.as_u16(), deleted.bytes.len()), (204, 0));
    assert_eq!(server.get(&path(&made)).await.declined().0, 404);
    assert_eq!(server.delete(&path(&made)).await.declined().0, 404);
    assert_eq!(server.put(&path(&made), onboarding()).await.declined().0, 400);
    assert_eq!(server.get(ALL).await.ok(), json!([]));
}

#[tokio::test]
async fn what_does_not_fit_together_is_named_and_nothing_is_stored() {
    let server = Server::start().await;
    let due = json!({"numberOfUnits": 1, "timePeriod": "days", "actionTypeCondition": "STEP_CLOSED", "stepId": "x"});
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": " ", "flow": []}), "name"),
        (json!({"name": "A"}), "flow"),
        (json!({"name": "A", "flow": [{}]}), "flow.0.name"),
        (json!({"name": "A", "flow": [{"name": "S", "type": "PART"}]}), "flow.0.type"),
        (json!({"name": "A", "flow": [], "dynamicDueDate": due}), "dynamicDueDate.stepId"),
        (json!({"name": "A", "flow": [{"name": "a", "id": "x"}, {"name": "b", "id": "x"}]}), "flow.1.id"),
        (json!({"name": "A", "flow": [{"name": "a", "automationConfig": 5}]}), "flow.0.automationConfig"),
        (json!({"name": "A", "flow": vec![json!({"name": "a"}); 1_001]}), "flow"),
    ] {
        let (status, message) = server.post(ALL, body).await.declined();
        assert_eq!((status, message.starts_with(&format!("{field}: "))), (400, true), "{field} {message}");
    }
    assert_eq!(server.get(ALL).await.ok(), json!([]));
}

#[tokio::test]
async fn a_definition_has_closing_reasons_of_the_catalogue() {
    let server = Server::start().await;
    let reason = server.post("/v1/workflows/closing-reasons", json!({"title": "Lost", "id": "lost"})).await.ok();
    let made = made(&server, onboarding()).await;
    let reasons = format!("{}/closing-reasons", path(&made));
    assert_eq!(server.get(&reasons).await.ok(), json!({"reasons": []}));
    let set = server.patch(&reasons, json!({"reasons": [{"id": reason["id"]}]})).await;
    assert_eq!((set.status.as_u16(), set.bytes.len()), (201, 0));
    assert_eq!(server.get(&reasons).await.ok(), json!({"reasons": [{"id": "lost"}]}));
    assert_eq!(server.get(&path(&made)).await.ok()["closingReasons"], json!([{"id": "lost"}]));
    let unknown = server.patch(&reasons, json!({"reasons": [{"id": "lost"}, {"id": "x"}]})).await.declined();
    assert_eq!(unknown, (400, "reasons.1.id: there is no closing reason of this id".to_owned()));
    assert_eq!(server.patch(&reasons, json!({})).await.declined().0, 400);
    for id in ["x", &Uuid::nil().to_string()] {
        let nowhere = format!("{ALL}/{id}/closing-reasons");
        assert_eq!(server.get(&nowhere).await.declined().0, 404);
        assert_eq!(server.patch(&nowhere, json!({"reasons": []})).await.declined().0, 404);
    }
}

#[tokio::test]
async fn definitions_are_counted() {
    let server = Server::start().await;
    made(&server, onboarding()).await;
    let counted = server.get("/v1/workflows/limits/max-allowed").await.ok();
    assert_eq!(counted, json!({"currentNoOfWorkflows": 1, "maxAllowed": 1_000}));
}

#[tokio::test]
async fn definitions_and_workflows_do_not_see_each_other() {
    let server = Server::start().await;
    let made = made(&server, onboarding()).await;
    let id = made["id"].as_str().expect("id");
    assert_eq!(server.get(&format!("/workflows/{id}")).await.status, 404);
    assert_eq!(server.delete(&format!("/workflows/{id}")).await.status, 404);
    let contact = server.post("/contacts", json!({"email": "ada@example.org"})).await.ok();
    let start = server.post(&format!("/workflows/{id}/executions"), json!({"contactId": contact["id"]})).await;
    assert_eq!(start.status, 404, "{}", start.text());
    let execution = server.post("/v1/workflows/executions", json!({"workflowId": id})).await.ok();
    let of_workflow = format!("/workflows/{id}/executions/{}", execution["id"].as_str().expect("id"));
    assert_eq!(server.get(&of_workflow).await.status, 404);
    assert_eq!(server.delete(&of_workflow).await.status, 404);
    assert_eq!(server.ask(Method::POST, &format!("{of_workflow}/retry"), None).await.status, 404);
    let path_of = format!("/v1/workflows/executions/{}", execution["id"].as_str().expect("id"));
    assert_eq!(server.get(&path_of).await.ok()["status"], "STARTED");
    let workflow = server.post("/workflows", json!({"name": "W", "eventName": "go"})).await.ok();
    assert_eq!(server.get(&path(&workflow)).await.declined().0, 404);
    assert_eq!(server.delete(&path(&workflow)).await.declined().0, 404);
    assert_eq!(server.put(&path(&workflow), onboarding()).await.declined().0, 400);
    assert_eq!(server.get(ALL).await.ok().as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn definitions_belong_to_a_workspace_and_need_a_scope() {
    let server = Server::start().await;
    let made = made(&server, onboarding()).await;
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let foreign = server.add_key(other, KeyKind::Secret, &["*"]).await;
    assert_eq!(server.ask_as(&foreign, Method::GET, ALL, None).await.ok(), json!([]));
    assert_eq!(server.ask_as(&foreign, Method::GET, &path(&made), None).await.status, 404);
    assert_eq!(server.ask_as(&foreign, Method::DELETE, &path(&made), None).await.status, 404);
    assert_eq!(server.ask_as(&foreign, Method::PUT, &path(&made), Some(onboarding())).await.status, 400);
    let reader = server.add_key(server.workspace, KeyKind::Secret, &["flow-templates:read"]).await;
    assert_eq!(server.ask_as(&reader, Method::GET, &path(&made), None).await.status, 200);
    assert_eq!(server.ask_as(&reader, Method::DELETE, &path(&made), None).await.declined().0, 403);
}
