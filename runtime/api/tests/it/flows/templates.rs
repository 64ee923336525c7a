//! Templates of flows: made, found, changed, copied, deleted, and refused.

use axum::http::Method;
use serde_json::{Value, json};
use stepwell_core::WorkspaceId;
use stepwell_store::key::KeyKind;
use uuid::Uuid;

use crate::server::{Answer, Server};

const PATH: &str = "/v2/flows/templates";

/// A template of every kind of task, as the builder writes them.
fn template(name: &str) -> Value {
    json!({
        "name": name,
        "description": "For new customers",
        "trigger": {"type": "manual", "entity_schema": "contact", "unheard": true},
        "additional_triggers": [{"type": "automation", "automation_id": "auto_1"}],
        "phases": [{"id": "p1", "name": "First"}, {"id": "p2", "name": "Second", "colour": "red"}],
        "tasks": [
            {"id": "call", "name": "Call", "task_type": "MANUAL", "phase_id": "p1", "unheard": {"of": [1]},
             "description": {"enabled": true, "value": "<p>Call</p>"}, "assigned_to": ["u1", {"variable": "{{entity.owner}}"}]},
            {"id": "fits", "name": "Fits?", "task_type": "DECISION", "trigger_mode": "automatic", "phase_id": "p1",
             "conditions": [
                {"id": "yes", "branch_name": "Yes", "logical_operator": "AND", "statements": [
                    {"id": "s", "source": {"attribute": "kind", "attribute_type": "string"}, "operator": "equals",
                     "values": ["b2b"]}]},
                {"id": "none-met-1", "branch_name": "Else", "logical_operator": "AND", "statements": null}]},
            {"id": "send", "name": "Send", "task_type": "AUTOMATION", "trigger_mode": "automatic", "phase_id": "p2",
             "automation_config": {"flow_id": "auto_2", "config": {"a": 1}},
             "schedule": {"mode": "delayed", "duration": 2, "unit": "days"}},
            {"id": "agent", "name": "Write", "task_type": "AI_AGENT", "agent_config": {"agent_id": "x", "more": 1},
             "phase_id": "p2"},
        ],
        "edges": [
            {"id": "e0", "from_id": "trigger", "to_id": "p1"},
            {"id": "e1", "from_id": "p1", "to_id": "call"},
            {"id": "e2", "from_id": "call", "to_id": "fits"},
            {"id": "e3", "from_id": "fits", "to_id": "p2", "condition_id": "yes"},
            {"id": "e4", "from_id": "fits", "condition_id": "none-met-1", "none_met": true},
            {"id": "e5", "from_id": "p2", "to_id": "send"},
            {"id": "e6", "from_id": "send", "to_id": "agent"},
        ],
        "closing_reasons": [{"id": "r1"}],
        "taxonomies": ["sales"],
        "unheard_of": {"kept": [1, 2]},
    })
}

/// `count` manual tasks, each of which leads to the next.
fn chain(count: usize) -> Value {
    let tasks: Vec<_> =
        (0..count).map(|at| json!({"id": format!("t{at}"), "name": "Do", "task_type": "MANUAL"})).collect();
    let edges: Vec<_> = (1..count)
        .map(|at| json!({"id": format!("e{at}"), "from_id": format!("t{}", at - 1), "to_id": format!("t{at}")}))
        .collect();
    json!({"name": "Chain", "tasks": tasks, "edges": edges})
}

/// The status and message of a refusal in the surface's own words.
#[track_caller]
fn refused(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body["requestId"], answer.headers["x-request-id"].to_str().expect("text"), "{}", answer.text());
    (answer.status.as_u16(), body["message"].as_str().expect("message").to_owned())
}

async fn made(server: &Server, name: &str) -> Value {
    let answer = server.post(PATH, template(name)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn at(template: &Value) -> String {
    format!("{PATH}/{}", template["id"].as_str().expect("id"))
}

#[tokio::test]
async fn a_template_is_kept_as_it_was_sent() {
    let server = Server::start().await;
    let made = made(&server, "Onboarding").await;
    let mut expected = template("Onboarding");
    for name in ["id", "org_id", "created_at", "updated_at", "enabled", "version"] {
        expected[name] = made[name].clone();
    }
    assert_eq!(made, expected);
    assert_eq!((&made["enabled"], &made["version"]), (&json!(true), &json!("v3")));
    assert_eq!(made["org_id"], server.workspace.to_string());
    assert_eq!(made["created_at"], "2026-01-02T03:04:05.678Z");
    assert_eq!(server.get(&at(&made)).await.ok(), made);
}

#[tokio::test]
async fn what_the_server_says_of_a_template_is_not_taken_from_a_client() {
    let server = Server::start().await;
    let mut sent = template("Onboarding");
    sent["id"] = json!("mine");
    sent["org_id"] = json!("other");
    sent["created_at"] = json!("yesterday");
    sent["limit_warnings"] = json!([{"i18nKey": "x", "message": "x", "max": 1, "path": []}]);
    let made = server.post(PATH, sent).await.ok();
    assert_ne!(made["id"], "mine");
    assert_eq!((&made["org_id"], made.get("limit_warnings")), (&json!(server.workspace.to_string()), None));
}

#[tokio::test]
async fn a_body_is_read_whatever_its_content_type_says() {
    let server = Server::start().await;
    let request = axum::http::Request::post(PATH)
        .header("authorization", format!("bearer {}", server.key))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/large-response.vnd+json")
        .body(axum::body::Body::from(template("Form").to_string()));
    let answer = server.call(request.expect("request")).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn what_is_wrong_with_a_template_is_named_and_nothing_is_stored() {
    let server = Server::start().await;
    let with = |pointer: &str, value: Value| {
        let mut sent = template("Onboarding");
        *sent.pointer_mut(pointer).expect("member") = value;
        sent
    };
    let cases = [
        (json!({}), "name"),
        (json!([1]), "body"),
        (with("/name", json!("ab")), "name"),
        (with("/name", json!(1)), "name"),
        (with("/tasks", json!({})), "tasks"),
        (with("/tasks/0/task_type", json!("ROBOT")), "tasks.0.task_type"),
        (with("/tasks/0/id", json!("fits")), "tasks.1.id"),
        (with("/tasks/0/phase_id", json!("p9")), "tasks.0.phase_id"),
        (with("/edges/2/to_id", json!("nowhere")), "edges.2.to_id"),
        (with("/edges/3/condition_id", json!("maybe")), "edges.3.condition_id"),
        (with("/tasks/2/schedule/duration", json!(0)), "tasks.2.schedule.duration"),
        (with("/tasks/1/conditions/0/branch_name", json!("x".repeat(256))), "tasks.1.conditions.0.branch_name"),
        (with("/description", json!("x".repeat(5001))), "description"),
    ];
    for (sent, field) in cases {
        let (status, message) = refused(&server.post(PATH, sent).await);
        assert_eq!(status, 400, "{field}: {message}");
        assert!(message.starts_with(&format!("{field}: ")), "{field}: {message}");
    }
    let body = server.get(PATH).await.ok();
    assert_eq!(body, json!({"results": []}));
}

#[tokio::test]
async fn a_template_without_edges_or_with_null_members_is_one() {
    let server = Server::start().await;
    let sent = json!({"name": "Bare", "tasks": [], "edges": [], "description": null, "phases": null});
    let made = server.post(PATH, sent).await.ok();
    assert_eq!((made.get("description"), &made["tasks"]), (None, &json!([])));
}

#[tokio::test]
async fn ten_thousand_tasks_are_refused() {
    let server = Server::start().await;
    let tasks: Vec<_> =
        (0..10_000).map(|at| json!({"id": at.to_string(), "name": "x", "task_type": "MANUAL"})).collect();
    let answer = server.post(PATH, json!({"name": "Huge", "tasks": tasks, "edges": []})).await;
    assert_eq!(refused(&answer), (400, "tasks: 10000 are too many, 1000 are allowed".to_owned()));
}

#[tokio::test]
async fn a_thousand_tasks_in_a_row_are_a_template() {
    let server = Server::start().await;
    let answer = server.post(PATH, chain(1_000)).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["limit_warnings"][0]["i18nKey"], "errors.flow_max_tasks");
}

#[tokio::test]
async fn a_circle_that_is_no_loop_is_refused_and_a_loop_is_not() {
    let server = Server::start().await;
    let mut circle = chain(3);
    circle["edges"].as_array_mut().expect("edges").push(json!({"id": "back", "from_id": "t2", "to_id": "t1"}));
    let (status, message) = refused(&server.post(PATH, circle).await);
    assert!(status == 400 && message.starts_with("edges."), "{message}");

    let condition = |id: &str| json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": []});
    let looping = json!({
        "name": "Loop",
        "tasks": [
            {"id": "a", "name": "Do", "task_type": "MANUAL"},
            {"id": "d", "name": "Again?", "task_type": "DECISION", "trigger_mode": "manual",
             "conditions": [condition("again"), condition("exit")],
             "loop_config": {"loop_branch_id": "again", "exit_branch_id": "exit", "max_iterations": 3}},
            {"id": "b", "name": "End", "task_type": "MANUAL"},
        ],
        "edges": [
            {"id": "1", "from_id": "a", "to_id": "d"},
            {"id": "2", "from_id": "d", "to_id": "a", "condition_id": "again"},
            {"id": "3", "from_id": "d", "to_id": "b", "condition_id": "exit"},
        ],
    });
    assert_eq!(server.post(PATH, looping.clone()).await.status, 201);
    let mut forward = looping;
    forward["edges"][1]["to_id"] = json!("b");
    let (status, message) = refused(&server.post(PATH, forward).await);
    assert!(status == 400 && message.starts_with("tasks.1.loop_config: "), "{message}");
}

#[tokio::test]
async fn an_exceeded_limit_is_told_or_refused() {
    let server = Server::start().await;
    let warned = server.post(PATH, chain(101)).await.ok();
    assert_eq!(warned["limit_warnings"][0]["current"], json!(101.0));
    let answer = server.post(&format!("{PATH}?enforce_limits=true"), chain(101)).await;
    assert_eq!(refused(&answer), (400, "tasks: 101 tasks; 100 are recommended at most".to_owned()));
    let strict = format!("{}?enforce_limits=true", at(&warned));
    assert_eq!(server.put(&strict, chain(101)).await.status, 200);
    assert_eq!(server.put(&strict, chain(102)).await.status, 400);
    assert_eq!(server.put(&strict, chain(3)).await.ok().get("limit_warnings"), None);
    let (status, message) = refused(&server.post(&format!("{PATH}?enforce_limits=maybe"), chain(3)).await);
    assert!(status == 400 && message.starts_with("enforce_limits: "), "{message}");
}

#[tokio::test]
async fn an_update_replaces_the_whole_and_tells_when() {
    let server = Server::start().await;
    let before = made(&server, "Before").await;
    let after = server.put(&at(&before), chain(2)).await.ok();
    assert_eq!((&after["id"], &after["name"]), (&before["id"], &json!("Chain")));
    assert_eq!((after.get("taxonomies"), &after["created_at"]), (None, &before["created_at"]));
    assert!(after["updated_at"].as_str() > before["updated_at"].as_str(), "{}", after["updated_at"]);
    assert_eq!(server.get(&at(&before)).await.ok(), after);
}

#[tokio::test]
async fn an_update_of_what_somebody_else_changed_is_a_conflict() {
    let server = Server::start().await;
    let loaded = made(&server, "Shared").await;
    let mut first = loaded.clone();
    first["name"] = json!("First");
    let first = server.put(&at(&loaded), first).await.ok();
    let mut second = loaded.clone();
    second["name"] = json!("Second");
    let answer = server.put(&at(&loaded), second.clone()).await;
    assert_eq!(refused(&answer).0, 409);
    assert_eq!(server.get(&at(&loaded)).await.ok(), first);
    // Without a time, whatever is there is replaced.
    second["updated_at"] = Value::Null;
    assert_eq!(server.put(&at(&loaded), second).await.ok()["name"], "Second");
    let mut nonsense = loaded.clone();
    nonsense["updated_at"] = json!("yesterday");
    let (status, message) = refused(&server.put(&at(&loaded), nonsense).await);
    assert!(status == 400 && message.starts_with("updated_at: "), "{message}");
}

#[tokio::test]
async fn a_refused_update_changes_nothing() {
    let server = Server::start().await;
    let before = made(&server, "Before").await;
    let mut sent = before.clone();
    sent["edges"][0]["to_id"] = json!("nowhere");
    assert_eq!(refused(&server.put(&at(&before), sent).await).0, 400);
    assert_eq!(server.get(&at(&before)).await.ok(), before);
}

#[tokio::test]
async fn a_copy_has_an_id_of_its_own_and_the_ids_inside() {
    let server = Server::start().await;
    let one = made(&server, "Onboarding").await;
    let answer = server.ask(Method::POST, &format!("{}/duplicate", at(&one)), None).await;
    assert_eq!(answer.status, 201);
    let copy = answer.json();
    assert_ne!(copy["id"], one["id"]);
    assert_eq!(copy["name"], "Onboarding (copy)");
    assert_eq!((&copy["tasks"], &copy["edges"]), (&one["tasks"], &one["edges"]));
}

#[tokio::test]
async fn a_deleted_template_is_not_found_any_more() {
    let server = Server::start().await;
    let one = made(&server, "Onboarding").await;
    let answer = server.delete(&at(&one)).await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len()), (204, 0));
    assert_eq!(refused(&server.get(&at(&one)).await).0, 404);
    assert_eq!(refused(&server.delete(&at(&one)).await).0, 404);
    assert_eq!(refused(&server.put(&at(&one), chain(2)).await).0, 404);
    assert_eq!(refused(&server.ask(Method::POST, &format!("{}/duplicate", at(&one)), None).await).0, 404);
    assert_eq!(server.get(PATH).await.ok()["results"], json!([]));
}

fn names(body: &Value) -> Vec<&str> {
    body["results"].as_array().expect("results").iter().map(|one| one["name"].as_str().expect("name")).collect()
}

#[tokio::test]
async fn templates_are_listed_by_their_triggers_and_the_last_changed_first() {
    let server = Server::start().await;
    let one = made(&server, "One").await;
    server.tick(1);
    let mut other = template("Other");
    other["trigger"] = json!({"type": "journey_submission", "journey_id": "j1"});
    other["additional_triggers"] = json!([]);
    server.post(PATH, other).await.ok();
    let list = async |query: &str| server.get(&format!("{PATH}{query}")).await.ok();
    assert_eq!(names(&list("").await), ["Other", "One"]);
    assert_eq!(names(&list("?trigger_type=manual&trigger_schema=contact").await), ["One"]);
    assert_eq!(names(&list("?trigger_type=manual&trigger_schema=order").await), Vec::<&str>::new());
    assert_eq!(names(&list("?trigger_type=automation&trigger_source_id=auto_1").await), ["One"]);
    assert_eq!(names(&list("?trigger_type=journey_submission&trigger_source_id=j1").await), ["Other"]);
    assert_eq!(names(&list("?trigger_source_id=j2").await), Vec::<&str>::new());
    server.tick(1);
    server.put(&at(&one), template("One")).await.ok();
    assert_eq!(names(&list("").await), ["One", "Other"]);
    assert_eq!(refused(&server.get(&format!("{PATH}?trigger_type=x")).await).0, 400);
}

#[tokio::test]
async fn templates_are_searched_whichever_way_the_colon_is_written() {
    let server = Server::start().await;
    for name in ["Alpha", "Beta", "alphabet"] {
        made(&server, name).await;
        server.tick(1);
    }
    for path in [":search", "%3Asearch", "%3asearch"] {
        let found = server.post(&format!("{PATH}{path}"), json!({"name": "ALPHA"})).await.ok();
        assert_eq!((names(&found), &found["hits"]), (vec!["alphabet", "Alpha"], &json!(2)));
    }
    let search = async |body: Value| server.post(&format!("{PATH}:search"), body).await;
    let found = search(json!({"sort_by": "created_at", "sort_order": "asc", "from": 1, "size": 1})).await.ok();
    assert_eq!((names(&found), &found["hits"]), (vec!["Beta"], &json!(3)));
    let found = search(json!({"trigger_type": "manual", "from": 1, "size": 1})).await.ok();
    assert_eq!((names(&found), &found["hits"]), (vec!["Beta"], &json!(3)));
    assert_eq!(search(json!({"enabled": false})).await.ok()["hits"], 0);
    assert_eq!(search(json!({"definition_id": "25n2k52ja"})).await.ok()["hits"], 0);
    assert_eq!(search(json!({"size": 0})).await.ok(), json!({"hits": 3, "results": []}));
    assert_eq!(search(json!(null)).await.status, 400);
    assert_eq!(refused(&search(json!({"from": -1})).await).0, 400);
}

#[tokio::test]
async fn what_is_no_id_names_no_template() {
    let server = Server::start().await;
    for id in ["x", "a%2Fb%3Ac%20d", "00000000000000000000000000000001", &Uuid::from_u128(7).to_string()] {
        let (status, message) = refused(&server.get(&format!("{PATH}/{id}")).await);
        assert!(status == 404 && message.contains("flow template"), "{id}: {message}");
    }
}

#[tokio::test]
async fn a_workflow_is_no_template_and_a_template_no_workflow() {
    let server = Server::start().await;
    let workflow = server.post("/workflows", json!({"name": "W", "eventName": "x"})).await.ok();
    let id = workflow["id"].as_str().expect("id");
    assert_eq!(refused(&server.get(&format!("{PATH}/{id}")).await).0, 404);
    assert_eq!(refused(&server.delete(&format!("{PATH}/{id}")).await).0, 404);
    let template = made(&server, "Onboarding").await;
    let id = template["id"].as_str().expect("id");
    assert_eq!(server.get(&format!("/workflows/{id}")).await.status, 404);
    assert_eq!(server.delete(&format!("/workflows/{id}")).await.status, 404);
    assert_eq!(server.get(&at(&template)).await.status, 200);
}

#[tokio::test]
async fn another_workspace_sees_and_changes_nothing() {
    let server = Server::start().await;
    let one = made(&server, "Onboarding").await;
    let other = WorkspaceId(Uuid::from_u128(2));
    server.add_workspace(other, false).await;
    let key = server.add_key(other, KeyKind::Secret, &["*"]).await;
    let ask = async |method: Method, path: &str, body: Option<Value>| server.ask_as(&key, method, path, body).await;
    assert_eq!(refused(&ask(Method::GET, &at(&one), None).await).0, 404);
    assert_eq!(refused(&ask(Method::PUT, &at(&one), Some(chain(2))).await).0, 404);
    assert_eq!(refused(&ask(Method::DELETE, &at(&one), None).await).0, 404);
    assert_eq!(refused(&ask(Method::POST, &format!("{}/duplicate", at(&one)), None).await).0, 404);
    assert_eq!(ask(Method::GET, PATH, None).await.ok()["results"], json!([]));
    assert_eq!(ask(Method::POST, &format!("{PATH}:search"), Some(json!({}))).await.ok()["hits"], 0);
    assert_eq!(server.get(&at(&one)).await.ok(), one);
}

#[tokio::test]
async fn a_key_needs_the_scope_and_the_refusal_is_in_the_surface_s_words() {
    let server = Server::start().await;
    let reader = server.add_key(server.workspace, KeyKind::Secret, &["flow-templates:read"]).await;
    let answer = server.ask_as(&reader, Method::POST, PATH, Some(chain(2))).await;
    let (status, message) = refused(&answer);
    assert!(status == 403 && message.contains("flow-templates:write"), "{message}");
    assert_eq!(server.ask_as(&reader, Method::GET, PATH, None).await.status, 200);
    let answer = server.ask_as("nonsense", Method::GET, PATH, None).await;
    assert_eq!(refused(&answer).0, 401);
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    assert_eq!(refused(&server.ask(Method::PATCH, PATH, None).await).0, 405);
}

#[tokio::test]
async fn how_many_templates_there_are_and_may_be_is_told() {
    let server = Server::start().await;
    made(&server, "Onboarding").await;
    let body = server.get("/v1/workflows/limits/max-allowed").await.ok();
    assert_eq!(body, json!({"currentNoOfWorkflows": 1, "maxAllowed": 1000}));
}
