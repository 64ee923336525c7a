//! Executions of the first version of the flows surface: sections and steps, from top to bottom.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use stepwell_core::WorkspaceId;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::Server;

const ALL: &str = "/v1/workflows/executions";
const NOW: &str = "2026-01-02T03:04:05.678Z";

fn onboarding() -> Value {
    json!({
        "name": "Onboarding", "assignedTo": ["boss"], "taxonomies": ["t"], "enableECPWorkflow": true,
        "singleClosingReasonSelection": true, "closingReasons": [{"id": "lost"}, {"id": "gone"}],
        "flow": [
            {"name": "Prepare", "order": 1, "type": "SECTION", "id": "prepare", "steps": [
                {"name": "Call", "order": 1, "type": "STEP", "id": "call", "assignedTo": ["u1"], "userIds": [7],
                    "description": {"enabled": true, "value": "x"}},
                {"name": "Sync", "order": 2, "type": "STEP", "id": "sync", "executionType": "AUTOMATION",
                    "automationConfig": {"flowId": "f1"}},
            ]},
            {"name": "Sign", "order": 2, "type": "STEP", "id": "sign", "requirements": [
                {"definitionId": "prepare", "type": "SECTION", "condition": "CLOSED"},
            ]},
        ],
    })
}

/// Makes the definition and what it needs, and gives its id.
async fn defined(server: &Server, definition: Value) -> Value {
    let reason = server.post("/v1/workflows/closing-reasons", json!({"id": "lost", "title": "Lost"})).await;
    assert!([201, 409].contains(&reason.status.as_u16()), "{}", reason.text());
    server.post("/v1/workflows/definitions", definition).await.ok()["id"].clone()
}

async fn started(server: &Server) -> Value {
    let definition = defined(server, onboarding()).await;
    let contexts = json!([{"id": "o1", "title": "Roof", "schema": "opportunity"}]);
    let answer = server.post(ALL, json!({"workflowId": definition, "contexts": contexts})).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn path(execution: &Value) -> String {
    format!("{ALL}/{}", execution["id"].as_str().expect("id"))
}

fn step_path(execution: &Value, step: &Value) -> String {
    format!("{}/steps/{}", path(execution), step["id"].as_str().expect("id"))
}

async fn get(server: &Server, execution: &Value) -> Value {
    server.get(&path(execution)).await.ok()
}

/// The names of steps and sections in their order.
fn names(execution: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for item in execution["flow"].as_array().expect("flow") {
        names.push(item["name"].as_str().expect("name").to_owned());
        for step in item["steps"].as_array().into_iter().flatten() {
            names.push(format!("- {}", step["name"].as_str().expect("name")));
        }
    }
    names
}

/// The step of this name.
fn step<'e>(execution: &'e Value, name: &str) -> &'e Value {
    let items = execution["flow"].as_array().expect("flow").iter();
    let mut steps = items.flat_map(|item| item["steps"].as_array().map_or(vec![item], |steps| steps.iter().collect()));
    steps.find(|step| step["name"] == name).expect("a step")
}

async fn completed(server: &Server, execution: &Value, name: &str) -> Value {
    let done = server.patch(&step_path(execution, step(execution, name)), json!({"status": "COMPLETED"})).await.ok();
    assert_eq!(done["status"], "COMPLETED");
    done
}

#[tokio::test]
async fn an_execution_is_a_copy_of_its_definition() {
    let server = Server::start().await;
    let made = started(&server).await;
    assert_eq!(names(&made), ["Prepare", "- Call", "- Sync", "Sign"]);
    let about = json!({"status": made["status"], "trigger": made["trigger"], "name": made["name"]});
    assert_eq!(about, json!({"status": "STARTED", "trigger": "MANUAL", "name": "Onboarding"}));
    assert_eq!(made["contexts"], json!([{"id": "o1", "title": "Roof", "schema": "opportunity"}]));
    assert_eq!(made["configuredClosingReasonSnapshot"], json!([{"id": "lost", "title": "Lost"}]));
    assert_eq!((&made["assignedTo"], &made["taxonomies"]), (&json!(["boss"]), &json!(["t"])));
    assert_eq!((&made["enableECPWorkflow"], &made["orgId"]), (&json!(true), &json!(server.workspace.to_string())));
    let call = step(&made, "Call");
    assert_eq!(made["nextOpenStep"], json!({"id": call["id"]}));
    let expected = json!({
        "id": call["id"], "definitionId": "call", "name": "Call", "type": "STEP", "executionType": "MANUAL",
        "description": {"enabled": true, "value": "x"}, "enabled": true, "executionId": made["id"],
        "sectionId": made["flow"][0]["id"], "userIds": [7.0], "assignedTo": ["u1"], "status": "PENDING",
        "created": NOW, "lastUpdated": NOW, "manuallyCreated": false,
    });
    assert_eq!(call, &expected);
    assert_eq!(call["id"].as_str().map(str::len), Some(10));
    assert_eq!(step(&made, "Sync")["automationConfig"], json!({"flowId": "f1"}));
    assert_eq!(step(&made, "Sign")["enabled"], false);
    assert_eq!((&made["flow"][0]["definitionId"], &made["flow"][0]["type"]), (&json!("prepare"), &json!("SECTION")));
    assert_eq!(get(&server, &made).await, made);
}

#[tokio::test]
async fn an_execution_is_worked_on_from_top_to_bottom_until_it_is_done() {
    let server = Server::start().await;
    let made = started(&server).await;
    server.tick(1_000);
    let done = completed(&server, &made, "Call").await;
    let later = "2026-01-02T03:04:06.678Z";
    assert_eq!((&done["completedTime"], &done["statusLastUpdated"]), (&json!(later), &json!(later)));
    let now = get(&server, &made).await;
    assert_eq!(now["nextOpenStep"]["id"], step(&made, "Sync")["id"]);
    assert_eq!(now["flow"][0]["status"], "IN_PROGRESS");
    let skipped = server.patch(&step_path(&made, step(&made, "Sync")), json!({"status": "SKIPPED"})).await.ok();
    assert_eq!(skipped["status"], "SKIPPED");
    let now = get(&server, &made).await;
    assert_eq!((&now["flow"][0]["status"], &step(&now, "Sign")["enabled"]), (&json!("COMPLETED"), &json!(true)));
    completed(&server, &made, "Sign").await;
    let now = get(&server, &made).await;
    assert_eq!((&now["status"], &now["completedTime"], now.get("nextOpenStep")), (&json!("DONE"), &json!(later), None));
    let again = server.patch(&step_path(&made, step(&made, "Call")), json!({"status": "PENDING"})).await.ok();
    assert_eq!(again["status"], "PENDING");
    let now = get(&server, &made).await;
    assert_eq!((&now["status"], &now["nextOpenStep"]["id"]), (&json!("STARTED"), &step(&made, "Call")["id"]));
}

#[tokio::test]
async fn a_disabled_step_keeps_its_status() {
    let server = Server::start().await;
    let made = started(&server).await;
    let (status, message) =
        server.patch(&step_path(&made, step(&made, "Sign")), json!({"status": "COMPLETED"})).await.declined();
    assert_eq!((status, message.starts_with("status: ")), (400, true), "{message}");
    assert_eq!(step(&get(&server, &made).await, "Sign")["status"], "PENDING");
}

#[tokio::test]
async fn a_step_is_changed_as_it_is_asked() {
    let server = Server::start().await;
    let made = started(&server).await;
    let change = json!({
        "name": "Ring", "assignedTo": ["u2", "u3"], "dueDate": "2026-03-01", "status": "IN_PROGRESS",
        "assignedToInProgress": "u2", "startedTime": "2026-01-01T00:00:00Z", "description": {"value": "y"}, "userIds": [1.5],
    });
    let after = server.patch(&step_path(&made, step(&made, "Call")), change).await.ok();
    let expected = json!({
        "name": "Ring", "assignedTo": ["u2", "u3"], "dueDate": "2026-03-01", "status": "IN_PROGRESS",
        "assignedToInProgress": "u2", "startedTime": "2026-01-01T00:00:00.000Z", "description": {"value": "y"},
        "userIds": [1.5],
    });
    for (name, value) in expected.as_object().expect("object") {
        assert_eq!(&after[name], value, "{name}");
    }
    let cleared = server.patch(&step_path(&made, &after), json!({"dueDate": ""})).await.ok();
    assert_eq!((cleared.get("dueDate"), &cleared["name"]), (None, &json!("Ring")));
}

#[tokio::test]
async fn an_outside_runner_says_how_an_automation_stands() {
    let server = Server::start().await;
    let made = started(&server).await;
    completed(&server, &made, "Call").await;
    let sync = step_path(&made, step(&made, "Sync"));
    let run = json!({"flowId": "f1", "executionId": "r1", "executionStatus": "in_progress"});
    let after = server.patch(&sync, json!({"status": "IN_PROGRESS", "automationConfig": run})).await.ok();
    assert_eq!((&after["status"], &after["automationConfig"]), (&json!("IN_PROGRESS"), &run));
    let run = json!({"flowId": "f1", "executionId": "r1", "executionStatus": "success"});
    let after = server.patch(&sync, json!({"status": "COMPLETED", "automationConfig": run})).await.ok();
    assert_eq!((&after["status"], &after["automationConfig"]), (&json!("COMPLETED"), &run));
    let call = step_path(&made, step(&made, "Call"));
    let refused = server.patch(&call, json!({"automationConfig": {"flowId": "f"}})).await.declined();
    assert_eq!(refused, (400, "automationConfig: the step is no automation".to_owned()));
}

#[tokio::test]
async fn steps_are_added_moved_and_taken_out() {
    let server = Server::start().await;
    let made = started(&server).await;
    let steps = format!("{}/steps", path(&made));
    let added =
        server.post(&steps, json!({"name": "Write", "insertionIndex": 1, "sectionId": made["flow"][0]["id"]})).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let added = added.json();
    assert_eq!((&added["manuallyCreated"], &added["status"]), (&json!(true), &json!("PENDING")));
    assert_eq!((added.get("definitionId"), &added["sectionId"]), (None, &made["flow"][0]["id"]));
    server.post(&steps, json!({"name": "Begin", "status": "IN_PROGRESS"})).await.ok();
    let now = get(&server, &made).await;
    assert_eq!(names(&now), ["Begin", "Prepare", "- Call", "- Write", "- Sync", "Sign"]);
    assert_eq!(now["nextOpenStep"]["id"], step(&now, "Begin")["id"]);
    let moved = json!({"position": {"index": 0, "sectionId": made["flow"][0]["id"]}, "name": "First"});
    let moved = server.patch(&step_path(&made, step(&now, "Sign")), moved).await.ok();
    assert_eq!((&moved["name"], &moved["sectionId"]), (&json!("First"), &made["flow"][0]["id"]));
    let deleted = server.delete(&step_path(&made, step(&now, "Begin"))).await;
    assert_eq!((deleted.status.as_u16(), deleted.bytes.len()), (204, 0));
    let now = get(&server, &made).await;
    assert_eq!(names(&now), ["Prepare", "- First", "- Call", "- Write", "- Sync"]);
    let definition =
        server.get(&format!("/v1/workflows/definitions/{}", made["definitionId"].as_str().expect("id"))).await;
    assert_eq!(definition.ok()["flow"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_is_first_in_an_empty_section_comes_before_what_is_shown_behind_it() {
    let server = Server::start().await;
    let flow = json!([
        {"name": "Empty", "steps": []}, {"name": "Full", "steps": [{"name": "Call"}]}, {"name": "Last", "steps": []},
    ]);
    let definition = defined(&server, json!({"name": "Move", "flow": flow})).await;
    let made = server.post(ALL, json!({"workflowId": definition})).await.ok();
    let steps = format!("{}/steps", path(&made));
    for (section, name) in [(2, "Third"), (0, "First")] {
        let step = json!({"name": name, "sectionId": made["flow"][section]["id"]});
        assert_eq!(server.post(&steps, step).await.status, 201);
    }
    let now = get(&server, &made).await;
    assert_eq!(names(&now), ["Empty", "- First", "Full", "- Call", "Last", "- Third"]);
    assert_eq!(now["nextOpenStep"]["id"], step(&now, "First")["id"]);
    for name in ["First", "Call"] {
        completed(&server, &now, name).await;
    }
    assert_eq!(get(&server, &made).await["nextOpenStep"]["id"], step(&now, "Third")["id"]);
}

#[tokio::test]
async fn an_execution_is_closed_with_a_reason_and_opened_again() {
    let server = Server::start().await;
    let made = started(&server).await;
    let lost = json!([{"id": "lost", "title": "Lost"}]);
    let close = json!({
        "status": "CLOSED", "selectedClosingReasons": lost, "closingReasonDescription": "No answer", "closedBy": "org_9",
    });
    let closed = server.patch(&path(&made), close).await;
    assert_eq!((closed.status.as_u16(), closed.bytes.len()), (204, 0), "{}", closed.text());
    let now = get(&server, &made).await;
    assert_eq!((&now["status"], &now["lastModifiedBy"]), (&json!("CLOSED"), &json!("org_9")));
    assert_eq!((&now["selectedClosingReasons"], &now["closingReasonDescription"]), (&lost, &json!("No answer")));
    let refused = server.patch(&step_path(&made, step(&made, "Call")), json!({"status": "COMPLETED"})).await;
    assert_eq!(refused.declined().0, 400);
    assert_eq!(server.patch(&path(&made), json!({"status": "DONE"})).await.declined().0, 400);
    assert_eq!(server.patch(&path(&made), json!({"status": "STARTED"})).await.status, 204);
    let now = get(&server, &made).await;
    assert_eq!((&now["status"], &now["nextOpenStep"]["id"]), (&json!("STARTED"), &step(&made, "Call")["id"]));
    let two =
        json!({"status": "CLOSED", "selectedClosingReasons": [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]});
    let refused = server.patch(&path(&made), two).await.declined();
    assert_eq!(refused, (400, "selectedClosingReasons: only one reason may be chosen".to_owned()));
}

#[tokio::test]
async fn an_execution_is_changed_as_it_is_asked() {
    let server = Server::start().await;
    let made = started(&server).await;
    let change = json!({
        "assignedTo": ["u9"], "dueDate": "2026-05-01T00:00:00.000", "contexts": [{"id": "o2", "schema": "order"}],
    });
    assert_eq!(server.patch(&path(&made), change).await.status, 204);
    let now = get(&server, &made).await;
    assert_eq!((&now["assignedTo"], &now["dueDate"]), (&json!(["u9"]), &json!("2026-05-01T00:00:00.000")));
    assert_eq!(now["contexts"], json!([{"id": "o2", "title": "", "schema": "order"}]));
    let done = json!({"status": "DONE", "completedTime": "2026-01-01T00:00:00Z"});
    assert_eq!(server.patch(&path(&made), done).await.status, 204);
    let now = get(&server, &made).await;
    assert_eq!((&now["status"], &now["completedTime"]), (&json!("DONE"), &json!("2026-01-01T00:00:00.000Z")));
}

#[tokio::test]
async fn executions_are_listed_by_what_they_are_about() {
    let server = Server::start().await;
    let definition = defined(&server, onboarding()).await;
    let mut ids = Vec::new();
    for (id, schema) in [("a", "order"), ("a", "opportunity"), ("b", "order")] {
        server.tick(1_000);
        let contexts = json!([{"id": id, "schema": schema}]);
        let made = server.post(ALL, json!({"workflowId": definition, "contexts": contexts})).await.ok();
        ids.push(made["id"].clone());
    }
    for (query, expected) in [
        ("", vec![2, 1, 0]),
        ("?context=a", vec![1, 0]),
        ("?schema=order", vec![2, 0]),
        ("?context=a&schema=order", vec![0]),
        ("?context=x", vec![]),
    ] {
        let listed = server.get(&format!("{ALL}{query}")).await.ok();
        let listed: Vec<_> =
            listed.as_array().expect("array").iter().map(|execution| execution["id"].clone()).collect();
        assert_eq!(listed, expected.into_iter().map(|at: usize| ids[at].clone()).collect::<Vec<_>>(), "{query}");
    }
    let listed = server.get(ALL).await.ok();
    assert_eq!(step(&listed[0], "Call").get("description"), None, "a list has no details");
}

#[tokio::test]
async fn closing_reasons_are_those_of_the_start() {
    let server = Server::start().await;
    let made = started(&server).await;
    server.patch("/v2/workflows/closing-reasons/lost", json!({"title": "Other"})).await.ok();
    let reasons = server.get(&format!("{}/closing-reasons", path(&made))).await.ok();
    assert_eq!(reasons, json!({"reasons": [{"id": "lost", "title": "Lost"}]}));
    assert_eq!(server.get(&format!("{ALL}/x/closing-reasons")).await.ok(), json!({}));
}

#[tokio::test]
async fn only_steps_of_the_wanted_purposes_are_to_be_done() {
    let server = Server::start().await;
    let flow = json!([
        {"name": "Power", "taxonomies": ["power"]}, {"name": "Gas", "taxonomies": ["gas"]}, {"name": "Both"},
    ]);
    let definition = defined(&server, json!({"name": "Move", "flow": flow})).await;
    let made = server.post(ALL, json!({"workflowId": definition, "purposes": ["gas"]})).await.ok();
    let status = |name| step(&made, name)["status"].clone();
    assert_eq!(
        [status("Power"), status("Gas"), status("Both")],
        [json!("SKIPPED"), json!("PENDING"), json!("PENDING")]
    );
    assert_eq!(made["nextOpenStep"]["id"], step(&made, "Gas")["id"]);
}

#[tokio::test]
async fn what_cannot_be_started_is_refused() {
    let server = Server::start().await;
    let definition = defined(&server, onboarding()).await;
    let off = defined(&server, json!({"name": "Off", "enabled": false, "flow": []})).await;
    server.post("/v1/entity/order", json!({"name": "kept"})).await.ok();
    let many: Vec<_> = (0..33).map(|n| json!({"id": n.to_string(), "schema": "x"})).collect();
    for (body, message) in [
        (json!({}), "workflowId: workflowId is required"),
        (json!({"workflowId": "x"}), "there is no definition \"x\""),
        (json!({"workflowId": Uuid::nil()}), "there is no definition \"00000000"),
        (json!({"workflowId": off}), "workflowId: the definition is not enabled"),
        (json!({"workflowId": definition, "contexts": [{"id": "a"}]}), "contexts.0.schema: "),
        (json!({"workflowId": definition, "contexts": [{"schema": "a"}]}), "contexts.0.id: "),
        (json!({"workflowId": definition, "contexts": [{"id": "", "schema": "a"}]}), "contexts.0.id: "),
        (json!({"workflowId": definition, "contexts": many}), "contexts: must have at most 32 items"),
        (
            json!({"workflowId": definition, "contexts": [{"id": "gone", "schema": "order"}]}),
            "contexts.0: there is no order",
        ),
        (json!({"workflowId": definition, "trigger": "NEVER"}), "trigger: "),
        (json!({"workflowId": definition, "assignedTo": [""]}), "assignedTo.0: "),
    ] {
        let (status, said) = server.post(ALL, body).await.declined();
        assert_eq!((status, said.starts_with(message)), (400, true), "{message}: {said}");
    }
    assert_eq!(server.get(ALL).await.ok(), json!([]));
}

#[tokio::test]
async fn what_does_not_fit_a_step_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let made = started(&server).await;
    let call = step_path(&made, step(&made, "Call"));
    for (body, field) in [
        (json!({"status": "GONE"}), "status"),
        (json!({"status": "SCHEDULED"}), "status"),
        (json!({"dueDate": "soon"}), "dueDate"),
        (json!({"startedTime": "soon"}), "startedTime"),
        (json!({"assignedTo": ["x".repeat(201)]}), "assignedTo.0"),
        (json!({"name": "N", "position": {"index": -1}}), "position.index"),
        (json!({"name": "N", "position": {"index": 0, "sectionId": "x"}}), "position.sectionId"),
        (
            json!({"dynamicDueDate": {"numberOfUnits": 1, "timePeriod": "days", "actionTypeCondition": "STEP_CLOSED"}}),
            "dynamicDueDate.stepId",
        ),
    ] {
        let (status, message) = server.patch(&call, body).await.declined();
        assert_eq!((status, message.starts_with(&format!("{field}: "))), (400, true), "{field}: {message}");
    }
    let steps = format!("{}/steps", path(&made));
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "A", "insertionIndex": 0.5}), "insertionIndex"),
        (json!({"name": "A", "insertionIndex": -1}), "insertionIndex"),
        (json!({"name": "A", "sectionId": "x"}), "sectionId"),
    ] {
        let (status, message) = server.post(&steps, body).await.declined();
        assert_eq!((status, message.starts_with(&format!("{field}: "))), (400, true), "{field}: {message}");
    }
    assert_eq!(get(&server, &made).await, made);
}

#[tokio::test]
async fn what_is_not_there_is_answered_as_it_is_documented() {
    let server = Server::start().await;
    let made = started(&server).await;
    for id in ["x", "%00", &Uuid::nil().to_string()] {
        let nowhere = format!("{ALL}/{id}");
        let shown = server.get(&nowhere).await;
        assert_eq!((shown.status.as_u16(), shown.bytes.len()), (200, 0), "{id}");
        assert_eq!(server.patch(&nowhere, json!({})).await.declined().0, 404, "{id}");
        assert_eq!(server.delete(&nowhere).await.declined().0, 404, "{id}");
        assert_eq!(server.post(&format!("{nowhere}/steps"), json!({"name": "A"})).await.declined().0, 400, "{id}");
        let step = format!("{}/steps/{id}", path(&made));
        assert_eq!(server.patch(&step, json!({})).await.declined().0, 400, "{id}");
        assert_eq!(server.delete(&step).await.declined().0, 404, "{id}");
        assert_eq!(server.patch(&format!("{nowhere}/steps/{id}"), json!({})).await.declined().0, 400, "{id}");
    }
}

#[tokio::test]
async fn a_deleted_execution_is_gone_and_what_it_was_about_stays() {
    let server = Server::start().await;
    let entity = server.post("/v1/entity/order", json!({})).await.ok();
    let definition = defined(&server, onboarding()).await;
    let contexts = json!([{"id": entity["_id"], "schema": "order"}]);
    let made = server.post(ALL, json!({"workflowId": definition, "contexts": contexts})).await.ok();
    let deleted = server.delete(&path(&made)).await;
    assert_eq!((deleted.status.as_u16(), deleted.bytes.len()), (204, 0), "{}", deleted.text());
    assert_eq!(server.get(&path(&made)).await.bytes.len(), 0);
    assert_eq!(server.get(ALL).await.ok(), json!([]));
    assert_eq!(server.delete(&path(&made)).await.declined().0, 404);
    let id = entity["_id"].as_str().expect("id");
    assert_eq!(server.get(&format!("/v1/entity/order/{id}")).await.status, 200);
}

#[tokio::test]
async fn executions_are_searched_page_by_page() {
    let server = Server::start().await;
    let definition = defined(&server, json!({"name": "Move in", "flow": [{"name": "Only"}]})).await;
    for _ in 0..51 {
        server.tick(1_000);
        server.post(ALL, json!({"workflowId": definition, "assignedTo": ["u1"]})).await.ok();
    }
    let search = format!("{ALL}/search");
    let first = server.post(&search, json!({"name": "MOVE", "assignedTo": "u1"})).await.ok();
    let executions = first["executions"].as_array().expect("executions");
    assert_eq!(executions.len(), 50);
    assert_eq!(first["lastEvaluatedKey"]["creationTime"], executions[49]["creationTime"]);
    let second = server.post(&search, json!({"pagination": first["lastEvaluatedKey"]})).await.ok();
    assert_eq!((second["executions"].as_array().map(Vec::len), second.get("lastEvaluatedKey")), (Some(1), None));
    let one = &second["executions"][0];
    assert_eq!(server.patch(&path(one), json!({"status": "CLOSED"})).await.status, 204);
    let found = |answer: Value| answer["executions"].as_array().map(Vec::len);
    let last = json!({"pagination": first["lastEvaluatedKey"]});
    assert_eq!(found(server.post(&search, last).await.ok()), Some(0));
    let closed = server.post(&search, json!({"status": "CLOSED"})).await.ok();
    assert_eq!((&closed["executions"][0]["id"], found(closed.clone())), (&one["id"], Some(1)));
    let all = json!({"includeDoneWorkflows": true, "sorting": "TRIGGER_DATE_ASC"});
    assert_eq!(server.post(&search, all).await.ok()["executions"][0]["id"], one["id"]);
    assert_eq!(found(server.post(&search, json!({"name": "other"})).await.ok()), Some(0));
    let (status, message) = server.post(&search, json!({"pagination": {"creationTime": "x"}})).await.declined();
    assert_eq!((status, message.starts_with("pagination.creationTime: ")), (400, true), "{message}");
}

#[tokio::test]
async fn steps_are_searched_in_all_executions() {
    let server = Server::start().await;
    let made = started(&server).await;
    completed(&server, &made, "Call").await;
    let search = format!("{ALL}/steps/search");
    let found = server.post(&search, json!({})).await.ok();
    assert_eq!((&found["hits"], found["results"].as_array().map(Vec::len)), (&json!(3), Some(3)));
    let first = &found["results"][0];
    assert_eq!((&first["executionId"], &first["executionName"]), (&made["id"], &json!("Onboarding")));
    assert_eq!((&first["executionStatus"], &first["contexts"]), (&json!("STARTED"), &made["contexts"]));
    for (body, expected) in [
        (json!({"status": "OPEN", "sorting": "A_Z"}), vec!["Sign", "Sync"]),
        (json!({"status": "COMPLETE"}), vec!["Call"]),
        (json!({"status": "NEXT_OPEN_ITEM_IN_WORKFLOW"}), vec!["Sync"]),
        (json!({"stepName": "SI"}), vec!["Sign"]),
        (json!({"executionName": "none"}), vec![]),
        (json!({"manuallyCreated": true}), vec![]),
        (json!({"sorting": "Z_A", "pagination": {"from": 1, "size": 1}}), vec!["Sign"]),
    ] {
        let found = server.post(&search, body.clone()).await.ok();
        let names: Vec<_> =
            found["results"].as_array().expect("results").iter().map(|step| step["name"].clone()).collect();
        assert_eq!(names, expected, "{body}");
    }
    for (body, field) in [
        (json!({"pagination": {"size": 101}}), "pagination.size"),
        (json!({"pagination": {"from": 10_001}}), "pagination.from"),
        (json!({"pagination": {"from": 1.5}}), "pagination.from"),
    ] {
        let (status, message) = server.post(&search, body).await.declined();
        assert_eq!((status, message.starts_with(&format!("{field}: "))), (400, true), "{message}");
    }
    assert_eq!(server.patch(&path(&made), json!({"status": "CLOSED"})).await.status, 204);
    assert_eq!(server.post(&search, json!({})).await.ok()["hits"], 0);
    assert_eq!(server.post(&search, json!({"includeDoneWorkflows": true})).await.ok()["hits"], 3);
}

#[tokio::test]
async fn who_did_it_is_the_user_that_is_named_or_the_key() {
    let server = Server::start().await;
    let made = started(&server).await;
    let request = Request::builder()
        .method(Method::PATCH)
        .uri(step_path(&made, step(&made, "Call")))
        .header("authorization", format!("Bearer {}", server.key))
        .header("x-stepwell-user", "u7")
        .body(Body::from(json!({"status": "IN_PROGRESS"}).to_string()))
        .expect("request");
    assert_eq!(server.call(request).await.ok()["assignedToInProgress"], "u7");
}

#[tokio::test]
async fn executions_belong_to_a_workspace_and_need_a_scope() {
    let server = Server::start().await;
    let made = started(&server).await;
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let foreign = server.add_key(other, KeyKind::Secret, &["*"]).await;
    assert_eq!(server.ask_as(&foreign, Method::GET, ALL, None).await.ok(), json!([]));
    assert_eq!(server.ask_as(&foreign, Method::GET, &path(&made), None).await.bytes.len(), 0);
    let change = Some(json!({"status": "CLOSED"}));
    assert_eq!(server.ask_as(&foreign, Method::PATCH, &path(&made), change.clone()).await.status, 404);
    assert_eq!(server.ask_as(&foreign, Method::DELETE, &path(&made), None).await.status, 404);
    let call = step_path(&made, step(&made, "Call"));
    assert_eq!(server.ask_as(&foreign, Method::PATCH, &call, Some(json!({}))).await.status, 400);
    let start = Some(json!({"workflowId": made["definitionId"]}));
    assert_eq!(server.ask_as(&foreign, Method::POST, ALL, start).await.status, 400);
    let reader = server.add_key(server.workspace, KeyKind::Secret, &["flows:read"]).await;
    assert_eq!(server.ask_as(&reader, Method::GET, &path(&made), None).await.ok()["id"], made["id"]);
    assert_eq!(server.ask_as(&reader, Method::PATCH, &path(&made), change).await.declined().0, 403);
    assert_eq!(get(&server, &made).await["status"], "STARTED");
}
