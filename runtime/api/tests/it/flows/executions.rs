//! Executions of flows: started, shown, changed, searched, deleted, and refused.

use axum::http::Method;
use serde_json::{Value, json};
use stepwell_core::WorkspaceId;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::Server;

pub(super) const PATH: &str = "/v2/flows/executions";
const SEARCH: &str = "/v2/flows/executions:search";
/// An order that flows are about.
const ORDER: &str = "0199f0a0-0000-7000-8000-000000000001";
const NOW: &str = "2026-01-02T03:04:05.678Z";

/// Two phases with a task each, and a third task that is in none.
fn template() -> Value {
    json!({
        "name": "Sale", "assigned_to": ["boss", {"variable": "{{order.owner}}"}], "available_in_ecp": true,
        "taxonomies": ["sales"], "singleClosingReasonSelection": true, "unheard_of": 1,
        "closing_reasons": [{"id": "lost"}, {"id": "gone"}],
        "due_date_config": {"duration": 2, "unit": "days", "type": "WORKFLOW_STARTED"},
        "entity_sync": [{"trigger": {"event": "FlowStarted"}, "value": {"source": "workflow_name"},
            "target": {"entitySchema": "order", "entityAttribute": "flow"}}],
        "phases": [
            {"id": "p1", "name": "First", "assigned_to": ["u9"], "taxonomies": ["heat"], "colour": "red"},
            {"id": "p2", "name": "Second", "status": "mine", "assigned_to": [{"variable": "{{order.owner}}"}]},
        ],
        "tasks": [
            {"id": "call", "name": "Call", "task_type": "MANUAL", "phase_id": "p1", "assigned_to": ["u1"], "unheard": [1],
             "description": {"enabled": true, "value": "Ring"}, "journey": {"journeyId": "j1"}, "taxonomies": ["power"]},
            {"id": "sync", "name": "Sync", "task_type": "AUTOMATION", "phase_id": "p2",
             "automation_config": {"flow_id": "f1", "config": {"a": 1}, "heal_attempts": "many"}, "trigger_mode": "manual",
             "schedule": {"mode": "relative", "direction": "after", "duration": 1, "unit": "days",
                "reference": {"id": "my-order", "origin": "trigger_entity_attribute", "attribute": "ends"}}},
            {"id": "sign", "name": "Sign", "task_type": "MANUAL",
             "requirements": [{"when": "TASK_FINISHED", "task_id": "sync"}]},
        ],
        "edges": [
            {"id": "e0", "from_id": "trigger", "to_id": "p1"},
            {"id": "e1", "from_id": "p1", "to_id": "call"},
            {"id": "e2", "from_id": "p1", "to_id": "p2"},
            {"id": "e3", "from_id": "p2", "to_id": "sync", "label": "then"},
            {"id": "e4", "from_id": "sync", "to_id": "sign"},
            {"id": "e5", "from_id": "sign", "to_id": null},
        ],
    })
}

/// Makes a template and gives its id.
pub(super) async fn templated(server: &Server, template: Value) -> Value {
    server.post("/v2/flows/templates", template).await.ok()["id"].clone()
}

fn about(id: &str) -> Value {
    json!([{"entity_id": id, "entity_schema": "order", "is_primary": true}])
}

async fn begun(server: &Server, wanted: Value) -> Value {
    let answer = server.post(PATH, wanted).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

async fn started(server: &Server) -> Value {
    let reason = server.post("/v1/workflows/closing-reasons", json!({"id": "lost", "title": "Lost"})).await;
    assert!([201, 409].contains(&reason.status.as_u16()), "{}", reason.text());
    let id = templated(server, template()).await;
    begun(server, json!({"flow_template_id": id, "contexts": about(ORDER)})).await
}

fn path(execution: &Value) -> String {
    format!("{PATH}/{}", execution["id"].as_str().expect("id"))
}

async fn get(server: &Server, execution: &Value) -> Value {
    server.get(&path(execution)).await.ok()
}

/// The task of this template id.
pub(super) fn task<'e>(execution: &'e Value, key: &str) -> &'e Value {
    let mut tasks = execution["tasks"].as_array().expect("tasks").iter();
    tasks.find(|task| task["template_id"] == key).expect("a task")
}

/// The template ids of the current tasks.
fn current(execution: &Value) -> Vec<&str> {
    let ids = execution["crt_tasks"].as_array().expect("current tasks").iter().map(|current| &current["id"]);
    let tasks = execution["tasks"].as_array().expect("tasks");
    ids.map(|id| tasks.iter().find(|task| task["id"] == *id).expect("a task")["template_id"].as_str().expect("key"))
        .collect()
}

/// Whether `shown` has all that `expected` has.
#[track_caller]
fn has(shown: &Value, expected: &Value) {
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&shown[name], value, "{name}");
    }
}

#[tokio::test]
async fn an_execution_is_a_copy_of_its_template() {
    let server = Server::start().await;
    server.post("/v1/entity/order", json!({"_id": ORDER, "owner": "u7"})).await.ok();
    let made = started(&server).await;
    let analytics = json!({"started_at": NOW, "started_by": made["analytics"]["started_by"]});
    let expected = json!({
        "org_id": server.workspace.to_string(), "name": "Sale", "created_at": NOW, "updated_at": NOW, "status": "STARTED",
        "assigned_to": ["boss", {"variable": "{{order.owner}}", "value": ["u7"]}], "contexts": about(ORDER),
        "analytics": analytics, "due_date": "2026-01-04T03:04:05.678",
        "due_date_config": {"duration": 2.0, "unit": "days", "type": "WORKFLOW_STARTED"},
        "closing_reason": {"configured_reasons": [{"id": "lost", "title": "Lost"}]}, "available_in_ecp": true,
        "entity_sync": template()["entity_sync"], "taxonomies": ["sales"], "trigger": {"type": "MANUAL"},
        "singleClosingReasonSelection": true, "linear": false, "_execution_chain": {"depth": 0},
    });
    has(&made, &expected);
    let call = task(&made, "call");
    assert!(Uuid::try_parse(call["id"].as_str().expect("id")).is_ok() && call["analytics"].is_object(), "{call}");
    let expected = json!({
        "name": "Call", "task_type": "MANUAL", "status": "PENDING", "enabled": true, "assigned_to": ["u1"],
        "description": {"enabled": true, "value": "Ring"}, "journey": {"journeyId": "j1"}, "unheard": [1],
        "taxonomies": ["power"], "phase_id": made["phases"][0]["id"], "manually_created": false,
    });
    has(call, &expected);
    assert_eq!(task(&made, "sync")["automation_config"], json!({"flow_id": "f1", "config": {"a": 1}}));
    assert_eq!(task(&made, "sync")["trigger_mode"], "manual");
    let schedule = json!({"mode": "relative", "direction": "after", "duration": 1.0, "unit": "days",
        "reference": {"id": "my-order", "origin": "trigger_entity_attribute", "attribute": "ends"}});
    assert_eq!(task(&made, "sync")["schedule"], schedule);
    assert_eq!(task(&made, "sign")["requirements"], json!([{"when": "TASK_FINISHED", "task_id": "sync"}]));
    assert_eq!(task(&made, "sign")["enabled"], false);
    assert_eq!(made["crt_tasks"], json!([{"id": call["id"], "crt_since": NOW}]));
    assert_eq!(get(&server, &made).await, made);
    assert_eq!(server.get(&format!("/v1/entity/order/{ORDER}")).await.ok()["entity"]["flow"], "Sale");
}

#[tokio::test]
async fn phases_and_edges_have_ids_of_the_execution() {
    let server = Server::start().await;
    let made = started(&server).await;
    let phases = &made["phases"];
    let expected = json!({
        "template_id": "p1", "name": "First", "status": "IN_PROGRESS", "assigned_to": ["u9"], "taxonomies": ["heat"],
        "colour": "red",
    });
    has(&phases[0], &expected);
    assert_eq!(
        (&phases[1]["status"], &phases[1]["assigned_to"]),
        (&json!("OPEN"), &json!([{"variable": "{{order.owner}}", "value": []}]))
    );
    let ends = |id: &str| {
        let edge = made["edges"].as_array().expect("edges").iter().find(|edge| edge["id"] == id);
        edge.map(|edge| (edge["from_id"].clone(), edge["to_id"].clone()))
    };
    assert_eq!(ends("e0"), Some((json!("trigger"), phases[0]["id"].clone())));
    assert_eq!(ends("e2"), Some((phases[0]["id"].clone(), phases[1]["id"].clone())));
    assert_eq!(ends("e4"), Some((task(&made, "sync")["id"].clone(), task(&made, "sign")["id"].clone())));
    let then = made["edges"].as_array().expect("edges").iter().find(|edge| edge["id"] == "e3");
    assert_eq!(then.map(|edge| &edge["label"]), Some(&json!("then")));
    // An end that leads nowhere is left out.
    assert_eq!(ends("e5"), None);
}

#[tokio::test]
async fn a_start_that_cannot_be_is_refused_by_what_is_wrong() {
    let server = Server::start().await;
    let id = templated(&server, template()).await;
    let off = json!({"name": "Off", "enabled": false, "edges": [],
        "tasks": [{"id": "a", "name": "A", "task_type": "MANUAL"}]});
    let off = templated(&server, off).await;
    let list = json!({"name": "List", "flow": [{"name": "A", "order": 1, "type": "STEP"}]});
    let list = server.post("/v1/workflows/definitions", list).await.ok()["id"].clone();
    server.post("/v1/entity/order", json!({"_id": ORDER})).await.ok();
    let with = |contexts: Value| json!({"flow_template_id": id, "contexts": contexts});
    let of = |id: &Value| json!({"flow_template_id": id, "contexts": about(ORDER)});
    for (wanted, begins) in [
        (json!({"contexts": about(ORDER)}), "flow_template_id: "),
        (json!({"flow_template_id": id}), "contexts: "),
        (with(json!([])), "contexts: "),
        (with(json!([{"entity_schema": "order"}])), "contexts.0.entity_id: is required"),
        (with(json!([{"entity_id": ORDER}])), "contexts.0.entity_schema: is required"),
        (with(about("o2")), "contexts.0: there is no order \"o2\""),
        (with(json!([about(ORDER)[0], about(ORDER)[0]])), "contexts.1: is there twice"),
        (of(&json!("nothing")), "flow_template_id: there is no flow template \"nothing\""),
        (of(&json!(Uuid::from_u128(7))), "flow_template_id: there is no flow template"),
        (of(&list), "flow_template_id: there is no flow template"),
        (of(&off), "flow_template_id: the template is not enabled"),
        (json!({"flow_template_id": id, "contexts": about(ORDER), "trigger": {"type": "MAGIC"}}), "trigger.type: "),
        (json!({"flow_template_id": id, "contexts": about(ORDER), "purposes": vec!["p"; 101]}), "purposes: "),
        (json!({"flow_template_id": id, "contexts": about(ORDER), "purposes": ["p".repeat(70_000)]}), "purposes: "),
        (
            json!({"flow_template_id": id, "contexts": about(ORDER),
            "trigger": {"automation_config": {"flow_id": "f", "x": "x".repeat(70_000)}}}),
            "trigger: ",
        ),
    ] {
        let (status, message) = server.post(PATH, wanted.clone()).await.declined();
        assert_eq!(status, 400, "{begins} {message}");
        assert!(message.starts_with(begins), "{message}");
    }
    assert_eq!(
        server.post(SEARCH, json!({"entity_id": ORDER, "entity_schema": "order"})).await.ok(),
        json!({"results": []})
    );
}

#[tokio::test]
async fn a_deleted_template_starts_nothing_and_its_executions_go_on() {
    let server = Server::start().await;
    let made = started(&server).await;
    let template = made["flow_template_id"].as_str().expect("id");
    assert_eq!(server.delete(&format!("/v2/flows/templates/{template}")).await.status, 204);
    let refused = server.post(PATH, json!({"flow_template_id": template, "contexts": about(ORDER)})).await.declined();
    assert_eq!(refused.0, 400, "{}", refused.1);
    assert_eq!(server.patch(&path(&made), json!({"assigned_to": ["u2"]})).await.ok()["assigned_to"], json!(["u2"]));
}

#[tokio::test]
async fn what_started_a_flow_is_kept() {
    let server = Server::start().await;
    let id = templated(&server, template()).await;
    let trigger = json!({"type": "AUTOMATIC", "automation_config": {"flow_id": "a", "execution_id": "e"}});
    let made = begun(&server, json!({"flow_template_id": id, "contexts": about(ORDER), "trigger": trigger})).await;
    assert_eq!(made["trigger"], trigger);
    let request = axum::http::Request::builder().method(Method::POST).uri(PATH);
    let request = request.header("authorization", format!("Bearer {}", server.key)).header("x-stepwell-user", "u5");
    let body = json!({"flow_template_id": id, "contexts": about(ORDER)}).to_string();
    let answer = server.call(request.body(axum::body::Body::from(body)).expect("request")).await;
    assert_eq!(answer.ok()["analytics"]["started_by"], "u5");
}

#[tokio::test]
async fn tasks_for_other_purposes_are_passed_through() {
    let server = Server::start().await;
    let id = templated(&server, template()).await;
    let with = |purposes: Value| json!({"flow_template_id": id, "contexts": about(ORDER), "purposes": purposes});
    let made = begun(&server, with(json!(["heat"]))).await;
    // The task's own tags count, not those of its phase.
    assert_eq!((&task(&made, "call")["status"], current(&made)), (&json!("SKIPPED"), vec!["sync"]));
    let made = begun(&server, with(json!(["power"]))).await;
    assert_eq!((&task(&made, "call")["status"], current(&made)), (&json!("PENDING"), vec!["call"]));
    let made = begun(&server, with(json!([]))).await;
    assert_eq!(current(&made), ["call"]);
}

#[tokio::test]
async fn an_execution_is_changed_as_it_is_asked() {
    let server = Server::start().await;
    let made = started(&server).await;
    server.tick(1_000);
    let contexts = json!([
        {"entity_id": ORDER, "entity_schema": "order", "is_primary": false},
        {"entity_id": "c", "entity_schema": "customer", "is_primary": true},
    ]);
    let due = json!({"duration": 3.0, "unit": "hours", "type": "WORKFLOW_STARTED"});
    let change = json!({
        "assigned_to": ["u1", {"variable": "{{order.nobody}}"}], "due_date": "2026-03-01", "due_date_config": due,
        "contexts": contexts,
    });
    let now = server.patch(&path(&made), change).await.ok();
    let expected = json!({
        "assigned_to": ["u1", {"variable": "{{order.nobody}}", "value": []}], "due_date": "2026-03-01",
        "due_date_config": due, "contexts": contexts, "updated_at": "2026-01-02T03:04:06.678Z", "status": "STARTED",
    });
    has(&now, &expected);
    assert_eq!(get(&server, &made).await, now);
    assert_eq!(server.patch(&path(&made), json!({})).await.ok(), now);
    let now = server.patch(&path(&made), json!({"due_date": ""})).await.ok();
    assert_eq!((now.get("due_date"), &now["due_date_config"]), (None, &due));
    let now = server.patch(&path(&made), json!({"due_date": "2026-03-01"})).await.ok();
    assert_eq!(now["due_date"], "2026-03-01");
    assert_eq!(server.patch(&path(&made), json!({"due_date": null})).await.ok().get("due_date"), None);
    // A rule that is sent alone counts again.
    let now = server.patch(&path(&made), json!({"due_date_config": due})).await.ok();
    assert_eq!(now["due_date"], "2026-01-02T06:04:05.678Z");
}

#[tokio::test]
async fn a_closed_flow_can_be_opened_where_it_was_closed() {
    let server = Server::start().await;
    let made = started(&server).await;
    server.tick(1_000);
    let lost = json!([{"id": "lost", "title": "Lost"}]);
    let reason = json!({"selected_reasons": lost, "extra_description": "Too dear"});
    let closed = server.patch(&path(&made), json!({"status": "CLOSED", "closing_reason": reason})).await.ok();
    let expected = json!({"selected_reasons": lost, "configured_reasons": lost, "extra_description": "Too dear"});
    assert_eq!((&closed["status"], &closed["closing_reason"]), (&json!("CLOSED"), &expected));
    assert_eq!(closed["analytics"]["closed_at"], "2026-01-02T03:04:06.678Z");
    assert_eq!(closed["analytics"]["closed_by"], made["analytics"]["started_by"]);
    assert_eq!((current(&closed), closed["analytics"].get("completed_at")), (vec![], None));
    let (status, message) = server.patch(&path(&made), json!({"status": "DONE"})).await.declined();
    assert_eq!((status, message.as_str()), (400, "status: a flow that is closed cannot become done"));
    let open = server.patch(&path(&made), json!({"status": "STARTED"})).await.ok();
    assert_eq!((&open["status"], current(&open)), (&json!("STARTED"), vec!["call"]));
    assert_eq!((open["analytics"].get("closed_at"), open["analytics"].get("closed_by")), (None, None));
    let done = server.patch(&path(&made), json!({"status": "DONE"})).await.ok();
    assert_eq!(
        (&done["status"], &done["analytics"]["completed_at"]),
        (&json!("DONE"), &json!("2026-01-02T03:04:06.678Z"))
    );
    assert_eq!(server.patch(&path(&made), json!({"status": "CLOSED"})).await.ok()["status"], "CLOSED");
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let made = started(&server).await;
    let two = json!([{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]);
    let rule = |more: Value| {
        let mut rule = json!({"duration": 1, "unit": "days", "type": "TASK_FINISHED"});
        rule.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        json!({"due_date_config": rule})
    };
    for (change, begins) in [
        (json!({"status": "PAUSED"}), "status: "),
        (json!({"due_date": "soon", "assigned_to": ["u2"]}), "due_date: "),
        (json!({"closing_reason": {"selected_reasons": two}}), "closing_reason.selected_reasons: only one"),
        (json!({"closing_reason": {"selected_reasons": [{"id": "a"}]}}), "closing_reason.selected_reasons.0.title: "),
        (json!({"assigned_to": [""]}), "assigned_to.0: "),
        (json!({"assigned_to": [{"value": ["u1"]}]}), "assigned_to.0"),
        (json!({"contexts": []}), "contexts: "),
        (json!({"contexts": [{"entity_id": ORDER}]}), "contexts.0.entity_schema: "),
        (rule(json!({})), "due_date_config.task_id: "),
        (rule(json!({"task_id": "nothing"})), "due_date_config.task_id: "),
        (rule(json!({"type": "PHASE_FINISHED", "phase_id": "call"})), "due_date_config.phase_id: "),
        (rule(json!({"task_id": "call", "duration": -1})), "due_date_config.duration: "),
    ] {
        let (status, message) = server.patch(&path(&made), change.clone()).await.declined();
        assert_eq!(status, 400, "{change} {message}");
        assert!(message.starts_with(begins), "{change} {message}");
    }
    assert_eq!(get(&server, &made).await, made);
    let fine = rule(json!({"task_id": "call"}));
    assert_eq!(server.patch(&path(&made), fine).await.ok()["due_date_config"]["task_id"], "call");
}

#[tokio::test]
async fn executions_are_found_by_their_entity_newest_first() {
    let server = Server::start().await;
    let first = started(&server).await;
    server.tick(1_000);
    let id = &first["flow_template_id"];
    let contexts = json!([{"entity_id": "x", "entity_schema": "customer"}, about(ORDER)[0]]);
    let second = begun(&server, json!({"flow_template_id": id, "contexts": contexts})).await;
    server.tick(1_000);
    begun(&server, json!({"flow_template_id": id, "contexts": about("o2")})).await;
    // A checklist about it is no flow.
    let list = json!({"name": "List", "flow": [{"name": "A", "order": 1, "type": "STEP"}]});
    let list = server.post("/v1/workflows/definitions", list).await.ok()["id"].clone();
    let contexts = json!([{"id": ORDER, "title": "", "schema": "order"}]);
    server.post("/v1/workflows/executions", json!({"workflowId": list, "contexts": contexts})).await.ok();
    let closed = server.patch(&path(&first), json!({"status": "CLOSED"})).await.ok();
    let wanted = json!({"entity_id": ORDER, "entity_schema": "order"});
    let expected = json!({"results": [second, closed]});
    for spelling in [SEARCH, "/v2/flows/executions%3Asearch", "/v2/flows/executions%3asearch"] {
        assert_eq!(server.post(spelling, wanted.clone()).await.ok(), expected, "{spelling}");
    }
    let other = json!({"entity_id": ORDER, "entity_schema": "customer"});
    assert_eq!(server.post(SEARCH, other).await.ok(), json!({"results": []}));
    for (wanted, field) in
        [(json!({"entity_id": ORDER}), "entity_schema"), (json!({"entity_schema": "order"}), "entity_id")]
    {
        let (status, message) = server.post(SEARCH, wanted).await.declined();
        assert!(status == 400 && message.starts_with(field), "{message}");
    }
    let moved = json!({"contexts": [{"entity_id": "o9", "entity_schema": "order"}]});
    server.patch(&path(&second), moved).await.ok();
    assert_eq!(server.post(SEARCH, wanted).await.ok(), json!({"results": [closed]}));
}

#[tokio::test]
async fn a_deleted_execution_is_gone_however_it_was_deleted() {
    let server = Server::start().await;
    server.post("/v1/entity/order", json!({"_id": ORDER})).await.ok();
    for how in ["", "?soft=true", "?soft=false"] {
        let made = started(&server).await;
        assert_eq!(server.delete(&format!("{}{how}", path(&made))).await.status, 204);
        let unknown = format!("there is no flow execution {}", made["id"]);
        for answer in [
            server.get(&path(&made)).await,
            server.patch(&path(&made), json!({"status": "DONE"})).await,
            server.delete(&path(&made)).await,
        ] {
            assert_eq!(answer.declined(), (404, unknown.clone()), "{how}");
        }
        let wanted = json!({"entity_id": ORDER, "entity_schema": "order"});
        assert_eq!(server.post(SEARCH, wanted).await.ok(), json!({"results": []}));
        assert_eq!(
            server.get(&format!("/v1/executions/{}/events", made["id"].as_str().expect("id"))).await.status,
            404
        );
        assert_eq!(server.get(&format!("/v1/entity/order/{ORDER}")).await.status, 200);
    }
    let made = started(&server).await;
    let (status, message) = server.delete(&format!("{}?soft=perhaps", path(&made))).await.declined();
    assert!(status == 400 && message.starts_with("soft"), "{message}");
    assert_eq!(get(&server, &made).await["status"], "STARTED");
}

#[tokio::test]
async fn an_entity_is_told_that_a_flow_was_deleted_and_not_that_it_was_closed() {
    let server = Server::start().await;
    server.post("/v1/entity/order", json!({"_id": ORDER})).await.ok();
    let rule = |event: &str| {
        json!({"trigger": {"event": event}, "value": {"source": "custom_value", "value": "yes"},
            "target": {"entitySchema": "order", "entityAttribute": event}})
    };
    let rules = ["FlowCancelled", "FlowDeleted", "CurrTaskChanged"].map(rule);
    let mut template = template();
    template["entity_sync"] = json!(rules);
    let id = templated(&server, template).await;
    let made = begun(&server, json!({"flow_template_id": id, "contexts": about(ORDER)})).await;
    let order = format!("/v1/entity/order/{ORDER}");
    server.patch(&order, json!({"CurrTaskChanged": null})).await.ok();
    assert_eq!(server.delete(&path(&made)).await.status, 204);
    let told = server.get(&order).await.ok()["entity"].clone();
    assert_eq!(
        (&told["FlowDeleted"], told.get("FlowCancelled"), told.get("CurrTaskChanged")),
        (&json!("yes"), None, None)
    );
}

#[tokio::test]
async fn what_is_not_there_is_unknown_and_no_workspace_sees_anothers() {
    let server = Server::start().await;
    let made = started(&server).await;
    let list = json!({"name": "List", "flow": [{"name": "A", "order": 1, "type": "STEP"}]});
    let list = server.post("/v1/workflows/definitions", list).await.ok()["id"].clone();
    let list = server.post("/v1/workflows/executions", json!({"workflowId": list})).await.ok()["id"].clone();
    let list = list.as_str().expect("id").to_owned();
    for id in ["nothing", "a%2Fb%3Ac", &Uuid::from_u128(3).to_string(), &list] {
        let path = format!("{PATH}/{id}");
        for answer in [server.get(&path).await, server.patch(&path, json!({})).await, server.delete(&path).await] {
            assert_eq!(answer.declined().0, 404, "{id}");
        }
    }
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let key = server.add_key(other, KeyKind::Secret, &["*"]).await;
    for (method, body) in
        [(Method::GET, None), (Method::PATCH, Some(json!({"status": "DONE"}))), (Method::DELETE, None)]
    {
        assert_eq!(server.ask_as(&key, method, &path(&made), body).await.declined().0, 404);
    }
    let wanted = json!({"flow_template_id": made["flow_template_id"], "contexts": about(ORDER)});
    assert_eq!(server.ask_as(&key, Method::POST, PATH, Some(wanted)).await.declined().0, 400);
    let wanted = json!({"entity_id": ORDER, "entity_schema": "order"});
    let found = server.ask_as(&key, Method::POST, SEARCH, Some(wanted)).await.ok();
    assert_eq!((found, get(&server, &made).await), (json!({"results": []}), made));
}

#[tokio::test]
async fn a_key_needs_the_scope_of_flows() {
    let server = Server::start().await;
    let made = started(&server).await;
    let reads = server.add_key(server.workspace, KeyKind::Secret, &["flows:read"]).await;
    assert_eq!(server.ask_as(&reads, Method::GET, &path(&made), None).await.status, 200);
    let wanted = json!({"flow_template_id": made["flow_template_id"], "contexts": about(ORDER)});
    for (method, path, body) in [
        (Method::POST, PATH.to_owned(), Some(wanted)),
        (Method::PATCH, path(&made), Some(json!({}))),
        (Method::DELETE, path(&made), None),
    ] {
        assert_eq!(server.ask_as(&reads, method, &path, body).await.declined().0, 403);
    }
    let none = server.add_key(server.workspace, KeyKind::Secret, &["contacts:read"]).await;
    assert_eq!(server.ask_as(&none, Method::GET, &path(&made), None).await.declined().0, 403);
    assert_eq!(server.ask_as("sk_nothing", Method::GET, &path(&made), None).await.declined().0, 401);
}
