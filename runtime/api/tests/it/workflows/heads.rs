//! Workflows themselves: list, create, get, patch, delete, duplicate, bulk-update.

use axum::http::Method;
use serde_json::{Value, json};

use super::{OURS, Server, THEIRS, text};

#[tokio::test]
async fn a_new_workflow_is_disabled_and_has_a_trigger_step_of_its_event() {
    let server = Server::start().await;
    let created = server.post("/workflows", json!({ "name": "Welcome", "eventName": " signed_up " })).await.expect(201);
    assert_eq!((&created["enabled"], &created["triggerType"]), (&json!(false), &json!("EVENT")));
    assert_eq!((&created["allowReentry"], &created["reentry"]), (&json!(false), &json!("once")));
    assert_eq!((&created["version"], &created["projectId"]), (&json!(1), &json!(OURS)));
    assert!(created.get("steps").is_none());
    let detail = server.get(&format!("/workflows/{}", text(&created["id"]))).await.expect(200);
    let trigger = &detail["steps"][0];
    assert_eq!((&trigger["type"], &trigger["name"]), (&json!("TRIGGER"), &json!("Trigger: signed_up")));
    assert_eq!(
        (&trigger["config"], &trigger["position"]),
        (&json!({ "eventName": "signed_up" }), &json!({ "x": 100, "y": 100 }))
    );
    assert_eq!((&trigger["template"], &trigger["templateId"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn what_is_wrong_with_a_new_workflow_is_named() {
    let server = Server::start().await;
    let cases = [
        (json!({ "eventName": "x" }), "name"),
        (json!({ "name": "", "eventName": "x" }), "name"),
        (json!({ "name": "x".repeat(256), "eventName": "x" }), "name"),
        (json!({ "name": "x" }), "eventName"),
        (json!({ "name": "x", "eventName": "x", "description": "x".repeat(2001) }), "description"),
        (json!({ "name": "x", "eventName": "x", "reentry": "sometimes" }), "reentry"),
        (json!({ "name": "x", "eventName": "x", "reentry": "once", "allowReentry": true }), "allowReentry"),
        (json!({ "name": "x", "eventName": "x", "colour": "red" }), "colour"),
        (
            json!({ "name": "x", "triggerType": "SCHEDULE", "triggerConfig": { "cron": "whenever" } }),
            "triggerConfig.cron",
        ),
        (json!({ "name": "x", "triggerType": "SCHEDULE" }), "triggerConfig.cron"),
        (json!([]), ""),
    ];
    for (body, field) in cases {
        assert_eq!(server.post("/workflows", body.clone()).await.field(), field, "{body}");
    }
    assert_eq!(server.get("/workflows").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn a_workflow_may_be_started_by_a_schedule_or_only_by_hand() {
    let server = Server::start().await;
    let config = json!({ "cron": "0 9 * * *", "timeZone": "Europe/Berlin", "catchUp": "skip" });
    let body = json!({ "name": "Daily", "triggerType": "SCHEDULE", "triggerConfig": config });
    assert_eq!(server.post("/workflows", body).await.expect(201)["triggerConfig"], config);
    let manual = server.post("/workflows", json!({ "name": "x", "triggerType": "MANUAL" })).await.expect(201);
    assert_eq!((&manual["triggerType"], &manual["triggerConfig"]), (&json!("MANUAL"), &Value::Null));
}

#[tokio::test]
async fn workflows_are_listed_with_their_sizes_by_page_text_status_and_order() {
    let server = Server::start().await;
    for (name, enabled) in [("Beta", true), ("alpha", false), ("Gamma 50%", true)] {
        let body = json!({ "name": name, "eventName": "x", "enabled": enabled, "description": "for Ada" });
        server.post("/workflows", body).await.expect(201);
    }
    let names = |page: Value| -> Vec<String> {
        page["data"].as_array().expect("data").iter().map(|item| text(&item["name"])).collect()
    };
    assert_eq!(names(server.get("/workflows").await.expect(200)), ["Gamma 50%", "alpha", "Beta"]);
    assert_eq!(names(server.get("/workflows?sort=name&dir=asc").await.expect(200)), ["alpha", "Beta", "Gamma 50%"]);
    assert_eq!(names(server.get("/workflows?status=active&dir=asc").await.expect(200)), ["Beta", "Gamma 50%"]);
    assert_eq!(names(server.get("/workflows?search=50%25").await.expect(200)), ["Gamma 50%"]);
    assert_eq!(server.get("/workflows?search=ADA").await.expect(200)["total"], 3);
    let page = server.get("/workflows?page=2&pageSize=2").await.expect(200);
    assert_eq!((&page["total"], &page["totalPages"], &page["page"]), (&json!(3), &json!(2), &json!(2)));
    assert_eq!(page["data"][0]["_count"], json!({ "steps": 1, "executions": 0 }));
    assert_eq!(server.get("/workflows?pageSize=1000").await.expect(200)["pageSize"], 100);
    assert_eq!(server.get("/workflows?sort=colour").await.field(), "sort");
    assert_eq!(server.get("/workflows?page=0").await.field(), "page");
}

#[tokio::test]
async fn a_patch_changes_what_is_sent_and_names_the_project() {
    let server = Server::start().await;
    let made = server.workflow(json!({ "description": "old" }), &[]).await;
    let body = json!({ "name": "New", "description": null, "reentry": "one_active" });
    let patched = server.patch(&made.at(""), body).await.expect(200);
    assert_eq!((&patched["name"], &patched["description"]), (&json!("New"), &Value::Null));
    assert_eq!((&patched["reentry"], &patched["allowReentry"]), (&json!("one_active"), &json!(true)));
    assert_eq!((&patched["project"], &patched["version"]), (&json!({ "name": "w1" }), &json!(1)));
    let agreed = server.patch(&made.at(""), json!({ "allowReentry": true })).await.expect(200);
    assert_eq!(agreed["reentry"], "one_active");
    assert_eq!(server.patch(&made.at(""), json!({ "name": null })).await.expect(200)["name"], "New");
}

#[tokio::test]
async fn the_trigger_step_follows_the_trigger() {
    let server = Server::start().await;
    let made = server.workflow(json!({}), &[]).await;
    let config = json!({ "triggerConfig": { "eventName": "paid" } });
    assert_eq!(server.patch(&made.at(""), config).await.expect(200)["version"], 2);
    let trigger = server.get(&made.at("")).await.expect(200)["steps"][0].clone();
    assert_eq!((&trigger["name"], &trigger["config"]), (&json!("Trigger: paid"), &json!({ "eventName": "paid" })));
    let manual = server.patch(&made.at(""), json!({ "triggerType": "MANUAL" })).await.expect(200);
    assert_eq!(manual["triggerConfig"], Value::Null);
    assert_eq!(server.patch(&made.at(""), json!({ "triggerType": "EVENT" })).await.field(), "eventName");
    assert_eq!(server.patch(&made.at(""), json!({ "triggerConfig": { "x": 1 } })).await.field(), "triggerConfig.x");
}

#[tokio::test]
async fn active_executions_keep_the_trigger_and_the_workflow_but_nothing_else() {
    let server = Server::start().await;
    let made =
        server.workflow(json!({ "enabled": true }), &[("WAIT_FOR_EVENT", "w", json!({ "eventName": "go" }))]).await;
    let contact = server.contact("ada@example.org").await;
    server.run(&made, contact, "WAITING").await;
    let other = json!({ "triggerConfig": { "eventName": "other" } });
    assert_eq!(server.patch(&made.at(""), other.clone()).await.code(409), "CONFLICT");
    assert_eq!(server.patch(&made.at(""), json!({ "triggerType": "MANUAL" })).await.code(409), "CONFLICT");
    let same = json!({ "triggerType": "EVENT", "triggerConfig": { "eventName": "signed_up" }, "name": "New" });
    server.patch(&made.at(""), same).await.expect(200);
    assert_eq!(server.delete(&made.at("")).await.code(409), "CONFLICT");
    server.patch(&made.at(""), json!({ "enabled": false })).await.expect(200);
    server.patch(&made.at(""), other).await.expect(200);
    assert_eq!(server.delete(&made.at("")).await.code(409), "CONFLICT");
    server.post(&made.at("/executions/cancel-all"), json!({})).await.expect(200);
    server.delete(&made.at("")).await.expect(204);
    assert_eq!(server.get(&made.at("")).await.code(404), "WORKFLOW_NOT_FOUND");
}

#[tokio::test]
async fn a_copy_is_disabled_and_has_the_steps_and_transitions_under_new_ids() {
    let server = Server::start().await;
    let made =
        server.workflow(json!({ "enabled": true, "reentry": "one_active" }), &[("EXIT", "end", json!({}))]).await;
    let copy = server.post(&made.at("/duplicate"), json!({})).await.expect(201);
    assert_eq!((&copy["name"], &copy["enabled"]), (&json!("Welcome (Copy)"), &json!(false)));
    assert_eq!(
        (&copy["reentry"], &copy["triggerConfig"]),
        (&json!("one_active"), &json!({ "eventName": "signed_up" }))
    );
    let detail = server.get(&format!("/workflows/{}", text(&copy["id"]))).await.expect(200);
    assert_eq!(detail["steps"].as_array().map(Vec::len), Some(2));
    assert_ne!(detail["steps"][1]["id"], json!(made.steps[1]));
    assert_eq!(detail["steps"][0]["outgoingTransitions"][0]["toStepId"], detail["steps"][1]["id"]);
}

#[tokio::test]
async fn several_workflows_are_deleted_together_or_not_at_all() {
    let server = Server::start().await;
    let id = |created: Value| created["id"].clone();
    let mut ids = vec![];
    for _ in 0..2 {
        ids.push(id(server.post("/workflows", json!({ "name": "x", "eventName": "x" })).await.expect(201)));
    }
    let unknown = json!({ "ids": [ids[0], "00000000-0000-4000-8000-000000000000"], "delete": true });
    assert_eq!(server.post("/workflows/bulk-update", unknown).await.code(404), "WORKFLOW_NOT_FOUND");
    let nothing = server.post("/workflows/bulk-update", json!({ "ids": ids })).await.expect(200);
    assert_eq!(nothing, json!({ "updated": 0 }));
    assert_eq!(server.post("/workflows/bulk-update", json!({ "ids": [] })).await.field(), "ids");
    let twice = json!({ "ids": [ids[0], ids[0], ids[1]], "delete": true });
    assert_eq!(server.post("/workflows/bulk-update", twice).await.expect(200), json!({ "deleted": 2 }));
    assert_eq!(server.get("/workflows").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn nothing_is_found_under_the_key_of_another_workspace_or_an_id_that_is_none() {
    let server = Server::start().await;
    let made = server.workflow(json!({ "enabled": true }), &[("EXIT", "end", json!({}))]).await;
    let contact = server.contact("ada@example.org").await;
    let execution = text(&server.run(&made, contact, "EXITED").await["id"]);
    let position = json!({ "x": 0, "y": 0 });
    let step = json!({ "type": "EXIT", "name": "x", "position": position, "config": {} });
    let edge = json!({ "fromStepId": made.steps[0], "toStepId": made.steps[1] });
    let run = format!("/executions/{execution}");
    let routes = [
        (Method::GET, made.at(""), None),
        (Method::PATCH, made.at(""), Some(json!({ "name": "x" }))),
        (Method::DELETE, made.at(""), None),
        (Method::POST, made.at("/duplicate"), None),
        (Method::POST, made.at("/dry-run"), Some(json!({}))),
        (Method::GET, made.at("/stats"), None),
        (Method::GET, made.at("/versions"), None),
        (Method::GET, made.at("/versions/1"), None),
        (Method::POST, made.at("/steps"), Some(step)),
        (Method::PATCH, made.step(1), Some(json!({ "name": "x" }))),
        (Method::DELETE, made.step(1), None),
        (Method::POST, made.at("/transitions"), Some(edge)),
        (Method::POST, made.at("/executions"), Some(json!({ "contactId": contact }))),
        (Method::GET, made.at("/executions"), None),
        (Method::GET, made.at(&run), None),
        (Method::DELETE, made.at(&run), None),
        (Method::POST, made.at(&format!("{run}/retry")), None),
        (Method::GET, made.at(&format!("{run}/journal")), None),
        (Method::POST, made.at("/executions/cancel-all"), None),
    ];
    for (method, path, body) in routes {
        let answer = server.call(THEIRS, method.clone(), &path, body.clone()).await;
        assert_eq!(answer.status, 404, "{method} {path}: {:#}", answer.body);
        let nonsense = path.replace(made.at("").as_str(), "/workflows/nonsense");
        assert_eq!(server.call(OURS, method.clone(), &nonsense, body).await.status, 404, "{method} {nonsense}");
    }
    assert_eq!(server.get(&made.at("")).await.expect(200)["steps"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_workflow_may_have_each_step_stored_by_itself() {
    let server = Server::start().await;
    let body = json!({ "name": "x", "eventName": "x", "commitEveryStep": true });
    let path = format!("/workflows/{}", text(&server.post("/workflows", body).await.expect(201)["id"]));
    assert_eq!(server.get(&path).await.expect(200)["commitEveryStep"], true);
    let copy = server.post(&format!("{path}/duplicate"), json!({})).await.expect(201);
    assert_eq!(copy["commitEveryStep"], true);
    let patched = server.patch(&path, json!({ "name": "y" })).await.expect(200);
    assert_eq!((&patched["name"], &patched["commitEveryStep"]), (&json!("y"), &json!(true)));
    let patched = server.patch(&path, json!({ "commitEveryStep": false })).await.expect(200);
    assert_eq!((&patched["name"], &patched["commitEveryStep"]), (&json!("y"), &json!(false)));
    assert_eq!(server.patch(&path, json!({ "commitEveryStep": "yes" })).await.field(), "commitEveryStep");
    let plain = server.post("/workflows", json!({ "name": "x", "eventName": "x" })).await.expect(201);
    assert_eq!(plain["commitEveryStep"], false);
}
