//! Templates.

use serde_json::{Value, json};
use stepwell_core::{
    Definition, DefinitionKind, Follow, Graph, Join, Position, Reentry, Step, TemplateId, Timestamp, TriggerKind,
};
use stepwell_store::definition;
use uuid::Uuid;

use crate::server::{NOW, Server};

fn hello() -> Value {
    json!({ "name": "Hello", "subject": "Hi {{ data.name ?? there }}", "body": "<p>Hi</p>", "from": "team@example.org" })
}

async fn made(server: &Server) -> Value {
    server.post("/templates", hello()).await.ok()
}

fn path(template: &Value) -> String {
    format!("/templates/{}", template["id"].as_str().expect("id"))
}

/// Stores a workflow with a step that uses the template.
async fn use_in_workflow(server: &Server, template: &Value) {
    let template: TemplateId = template["id"].as_str().expect("id").parse().expect("id");
    let step = Step {
        id: Uuid::from_u128(9).into(),
        step_type: "send-email".into(),
        name: "Send".into(),
        position: Position::default(),
        config: json!({ "templateId": template }),
        template_id: Some(template),
        retry: None,
        plugin: None,
        follow: Follow::First,
        join: Join::Any,
        task: None,
        shown: None,
        created_at: Timestamp(NOW),
        updated_at: Timestamp(NOW),
    };
    let new = Definition {
        id: Uuid::from_u128(8).into(),
        workspace_id: server.workspace,
        kind: DefinitionKind::Workflow,
        name: "Welcome".into(),
        description: None,
        enabled: true,
        trigger: TriggerKind::Event,
        trigger_config: json!({ "eventName": "signed_up" }),
        reentry: Reentry::Once,
        commit_every_step: false,
        version: 1,
        created_at: Timestamp(NOW),
        updated_at: Timestamp(NOW),
    };
    let graph = Graph { steps: vec![step], transitions: vec![], drawn: None };
    server.write(move |conn| Box::pin(async move { definition::insert(conn, &new, &graph).await })).await;
}

#[tokio::test]
async fn a_template_is_made_with_the_usual_values() {
    let server = Server::start().await;
    let made = server.post("/templates", hello()).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!(
        (&made["type"], &made["description"], &made["fromName"]),
        (&json!("MARKETING"), &Value::Null, &Value::Null)
    );
    assert_eq!(server.get(&path(&made)).await.ok(), made);
}

#[tokio::test]
async fn a_template_that_is_no_template_is_refused_with_its_place() {
    let server = Server::start().await;
    let mut wrong = hello();
    wrong["body"] = json!("<p>\n{% if a %}</p>");
    let refused = server.post("/templates", wrong).await;
    assert_eq!(refused.refusal(), (400, "VALIDATION_ERROR".into()));
    assert_eq!(refused.wrong(), ("body".into(), "invalid_template".into()));
    assert!(refused.json()["error"]["details"]["line"].is_u64(), "{}", refused.text());
    assert_eq!(server.get("/templates").await.ok()["total"], 0);
    let made = made(&server).await;
    assert_eq!(server.patch(&path(&made), json!({ "subject": "{{ a" })).await.refusal().0, 400);
    assert_eq!(server.get(&path(&made)).await.ok(), made);
}

#[tokio::test]
async fn what_a_template_lacks_is_named() {
    let server = Server::start().await;
    let refused = server.post("/templates", json!({ "name": "" })).await;
    let errors = refused.json()["error"]["errors"].clone();
    let mut fields: Vec<_> = errors.as_array().expect("errors").iter().map(|error| error["field"].clone()).collect();
    fields.sort_by_key(ToString::to_string);
    fields.dedup();
    assert_eq!(fields, ["body", "from", "name", "subject"]);
}

#[tokio::test]
async fn null_clears_and_absence_keeps() {
    let server = Server::start().await;
    let made = made(&server).await;
    let change = json!({ "description": "d", "fromName": "Team", "replyTo": "r@example.org", "type": "TRANSACTIONAL" });
    server.tick(1);
    let changed = server.patch(&path(&made), change).await.ok();
    assert_eq!((&changed["description"], &changed["type"]), (&json!("d"), &json!("TRANSACTIONAL")));
    assert_ne!(changed["updatedAt"], made["updatedAt"]);
    let cleared = server.patch(&path(&made), json!({ "description": null, "replyTo": null })).await.ok();
    assert_eq!((&cleared["description"], &cleared["replyTo"]), (&Value::Null, &Value::Null));
    assert_eq!((&cleared["fromName"], &cleared["name"]), (&json!("Team"), &json!("Hello")));
}

#[tokio::test]
async fn a_list_is_searched_sorted_and_paged() {
    let server = Server::start().await;
    for name in ["b 50%", "A", "c"] {
        let mut template = hello();
        template["name"] = json!(name);
        template["type"] = json!(if name == "c" { "HEADLESS" } else { "MARKETING" });
        server.post("/templates", template).await.ok();
        server.tick(1);
    }
    let names = async |query: &str| {
        let page = server.get(&format!("/templates?{query}")).await.ok();
        page["data"]
            .as_array()
            .expect("data")
            .iter()
            .map(|one| one["name"].as_str().expect("name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["c", "A", "b 50%"]);
    assert_eq!(names("sort=name&dir=asc").await, ["A", "b 50%", "c"]);
    assert_eq!(names("search=50%25").await, ["b 50%"]);
    assert_eq!(names("type=HEADLESS").await, ["c"]);
    let page = server.get("/templates?page=2&pageSize=2").await.ok();
    assert_eq!(
        (&page["total"], &page["totalPages"], &page["data"][0]["name"]),
        (&json!(3), &json!(2), &json!("b 50%"))
    );
    assert_eq!(server.get("/templates?pageSize=5000").await.ok()["pageSize"], 100);
    assert_eq!(names("page=1000000").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_copy_says_that_it_is_one() {
    let server = Server::start().await;
    let made = made(&server).await;
    let copy = server.post(&format!("{}/duplicate", path(&made)), json!({})).await;
    assert_eq!(copy.status, 201);
    let copy = copy.ok();
    assert_eq!(copy["name"], "Hello (Copy)");
    assert_ne!(copy["id"], made["id"]);
}

#[tokio::test]
async fn a_template_in_use_is_not_deleted() {
    let server = Server::start().await;
    let made = made(&server).await;
    use_in_workflow(&server, &made).await;
    let usage = server.get(&format!("{}/usage", path(&made))).await.ok();
    assert_eq!(usage, json!({ "workflowSteps": 1, "emailsSent": 0 }));
    assert_eq!(server.delete(&path(&made)).await.refusal(), (409, "CONFLICT".into()));
    assert_eq!(server.get(&path(&made)).await.status, 200);
}

#[tokio::test]
async fn several_are_deleted_together_or_not_at_all() {
    let server = Server::start().await;
    let (used, free) = (made(&server).await, made(&server).await);
    use_in_workflow(&server, &used).await;
    let bulk =
        async |ids: Value, delete| server.post("/templates/bulk-update", json!({ "ids": ids, "delete": delete })).await;
    let both = json!([free["id"], used["id"]]);
    assert_eq!(bulk(both, true).await.refusal().0, 409);
    assert_eq!(bulk(json!([free["id"], Uuid::nil()]), true).await.refusal(), (404, "TEMPLATE_NOT_FOUND".into()));
    assert_eq!(bulk(json!([free["id"]]), false).await.ok(), json!({ "updated": 0 }));
    assert_eq!(server.get("/templates").await.ok()["total"], 2);
    assert_eq!(bulk(json!([free["id"], free["id"]]), true).await.ok(), json!({ "deleted": 1 }));
    assert_eq!(bulk(json!([]), true).await.wrong(), ("ids".into(), "too_small".into()));
    assert_eq!(bulk(json!(["x"]), true).await.wrong(), ("ids.0".into(), "invalid_string".into()));
}

#[tokio::test]
async fn an_unused_template_is_deleted_once() {
    let server = Server::start().await;
    let made = made(&server).await;
    assert_eq!(server.delete(&path(&made)).await.status, 204);
    assert_eq!(server.delete(&path(&made)).await.refusal(), (404, "TEMPLATE_NOT_FOUND".into()));
}
