//! Every route of the flows surface, as `/openapi.json` lists them: bad input is refused in its own words, a key of another workspace
//! sees and changes nothing, and what is no id names nothing.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, Reply, Server, ServerOptions};

use crate::routes::{self, Route};

/// What the things of this test are called, so that nobody else may see it.
const MARK: &str = "Mark-A";

/// One of everything, by the names that paths have for it.
struct Belongings(BTreeMap<&'static str, String>);

impl Belongings {
    async fn make(client: &Client) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let made = async |path: &str, body: Value| client.post(path, body).await.expect(201);
        let entity = made("/v1/entity/order", json!({ "name": MARK })).await;
        let reason = made("/v1/workflows/closing-reasons", json!({ "title": MARK })).await;
        let steps = json!([{ "name": MARK, "id": "s", "steps": [{ "name": MARK }] }]);
        let definition = json!({ "name": MARK, "flow": steps, "closingReasons": [{ "id": reason["id"] }] });
        let definition = made("/v1/workflows/definitions", definition).await;
        let contexts = json!([{ "id": entity["_id"], "schema": "order", "title": MARK }]);
        let execution = json!({ "workflowId": definition["id"], "contexts": contexts });
        let execution = made("/v1/workflows/executions", execution).await;
        let template = made("/v2/flows/templates", template()).await;
        let mut names = BTreeMap::from([
            ("id", text(&entity["_id"])),
            ("slug", "order".to_owned()),
            ("reasonId", text(&reason["id"])),
            ("definitionId", text(&definition["id"])),
            ("executionId", text(&execution["id"])),
            ("stepId", text(&execution["flow"][0]["steps"][0]["id"])),
            ("flowId", text(&template["id"])),
        ]);
        names.extend(flow(client, &template["id"], &entity["_id"]).await);
        Self(names)
    }

    /// The path of a route to these belongings.
    fn path(&self, route: &Route) -> String {
        route.with(|_, name| {
            self.0.get(name).cloned().unwrap_or_else(|| "00000000-0000-4000-8000-000000000000".to_owned())
        })
    }

    /// All that a key can read of them, by path.
    async fn read(&self, client: &Client) -> BTreeMap<String, Value> {
        let mut seen = BTreeMap::new();
        for route in of_flows(client).await.iter().filter(|route| route.is_read()) {
            let path = self.path(route);
            seen.insert(path.clone(), client.get(&path).await.expect(200));
        }
        seen
    }
}

/// A template of two tasks in a phase, one behind the other, and an automation that begins in two days.
fn template() -> Value {
    let manual = |id: &str| json!({ "id": id, "name": MARK, "task_type": "MANUAL", "phase_id": "p" });
    let timed = json!({
        "id": "s", "name": MARK, "task_type": "AUTOMATION", "trigger_mode": "automatic",
        "automation_config": { "flow_id": MARK }, "schedule": { "mode": "delayed", "duration": 2, "unit": "days" },
    });
    json!({
        "name": MARK, "phases": [{ "id": "p", "name": MARK }], "tasks": [manual("t"), manual("u"), timed],
        "edges": [{ "id": "e", "from_id": "t", "to_id": "u" }],
    })
}

/// A running flow with its tasks, its phase and its schedule.
async fn flow(client: &Client, template: &Value, entity: &Value) -> [(&'static str, String); 5] {
    let contexts = json!([{ "entity_id": entity, "entity_schema": "order" }]);
    let start = json!({ "flow_template_id": template, "contexts": contexts });
    let flow = client.post("/v2/flows/executions", start).await.expect(201);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let [first, second, timed] = ["t", "u", "s"].map(|key| {
        let mut tasks = flow["tasks"].as_array().expect("tasks").iter();
        tasks.find(|task| task["template_id"] == key).expect("a task")
    });
    [
        ("execution_id", text(&flow["id"])),
        ("task_id", text(&first["id"])),
        ("next_task_id", text(&second["id"])),
        ("phase_id", text(&flow["phases"][0]["id"])),
        ("schedule_id", text(&timed["schedule"]["schedule_id"])),
    ]
}

async fn of_flows(client: &Client) -> Vec<Route> {
    let routes: Vec<_> = routes::all(client).await.into_iter().filter(Route::is_of_flows).collect();
    assert!(routes.len() > 30, "{}", routes.len());
    routes
}

/// Checks that a refusal is one, in the words of the surface.
#[track_caller]
fn assert_refused(what: &str, reply: &Reply) {
    let body = &reply.body;
    assert!([400, 401, 403, 404, 409, 413].contains(&reply.status), "{what}: {} {body:#}", reply.status);
    assert_eq!(body["requestId"], reply.header("x-request-id"), "{what}: {body:#}");
    assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{what}: {body:#}");
    assert!(!["", "INTERNAL_SERVER_ERROR"].contains(&reply.code()), "{what}: {body:#}");
}

#[tokio::test]
async fn a_key_of_another_workspace_sees_no_flows_and_changes_none() {
    let server = Server::start().await;
    let (own, other) = (server.client(), another(&server).await);
    let belongings = Belongings::make(&own).await;
    let before = belongings.read(&own).await;
    for route in of_flows(&own).await {
        let path = belongings.path(&route);
        let reply = route.call(&other, &path, &body(&route, &belongings)).await;
        let shown = reply.body.to_string();
        assert!(!shown.contains(MARK), "{} shows something of another workspace: {shown}", route.name());
        assert!(reply.status < 500, "{}: {shown}", route.name());
        let says_nothing = reply.status == 200 && ["null", "{}", ""].contains(&shown.as_str());
        let makes = route.path == "/v1/entity/{slug}";
        if route.names_something() && !says_nothing && !makes {
            assert_refused(&route.name(), &reply);
        }
    }
    assert_eq!(belongings.read(&own).await, before);
}

/// A client with a key of another workspace.
async fn another(server: &Server) -> Client {
    let workspace = server.command(&["workspace", "create", "Other"]).await;
    assert!(workspace.status.success(), "{}", String::from_utf8_lossy(&workspace.stderr));
    let made = server.command(&["key", "create", "--workspace", "Other"]).await;
    let text = String::from_utf8_lossy(&made.stdout);
    let key = text.lines().map(str::trim).find(|line| line.starts_with("sk_")).expect("a key").to_owned();
    server.client_with(Some(&key))
}

/// A body that would change something, had the key the right to it.
fn body(route: &Route, belongings: &Belongings) -> Value {
    let id = |name: &str| belongings.0[name].clone();
    match (route.method.as_str(), route.path.as_str()) {
        ("PUT", "/v1/workflows/definitions/{definitionId}") => json!({ "name": "Theirs", "flow": [] }),
        ("PUT", _) => json!({ "name": "Theirs", "tasks": [], "edges": [] }),
        ("POST", "/v1/workflows/executions") => json!({ "workflowId": id("definitionId") }),
        ("POST", "/v2/flows/executions") => {
            json!({ "flow_template_id": id("flowId"), "contexts": [{ "entity_id": "x", "entity_schema": "y" }] })
        }
        ("POST", "/v2/flows/executions/{execution_id}/tasks") => json!({
            "previous_task_id": id("task_id"), "next_task_id": id("next_task_id"), "task": { "name": "Theirs" },
        }),
        ("PATCH", path) if path.ends_with("/tasks/{task_id}") => json!({ "status": "SKIPPED", "name": "Theirs" }),
        ("PATCH", path) if path.ends_with("/closing-reasons/{reasonId}") => json!({ "status": "INACTIVE" }),
        ("PATCH", path) if path.ends_with("/closing-reasons") => json!({ "reasons": [] }),
        ("PATCH", _) => json!({ "status": "CLOSED", "name": "Theirs" }),
        _ => json!({ "name": "Theirs" }),
    }
}

#[tokio::test]
async fn bodies_that_no_route_of_flows_can_want_are_refused_and_change_nothing() {
    let server = ServerOptions::default().set("STEPWELL_MAX_BODY_KIB", 128).start().await;
    let client = server.client();
    let belongings = Belongings::make(&client).await;
    let before = belongings.read(&client).await;
    let deep = (0..70).fold(json!(1), |inner, _| json!([inner]));
    let bodies = [
        json!([]),
        json!("text"),
        json!(7),
        json!(null),
        json!({ "\u{0}": 1 }),
        json!({ "name": "a\u{0}b" }),
        json!({ "name": "x", "data": { "x": deep } }),
    ];
    for route in of_flows(&client).await.into_iter().filter(|route| route.body.is_some()) {
        let path = belongings.path(&route);
        for body in &bodies {
            let reply = client.send(client.request(route.method.clone(), &path).json(body)).await;
            let what = format!("{} {:.80}", route.name(), body.to_string());
            assert_refused(&what, &reply);
            assert_eq!(reply.status, 400, "{what}");
        }
        for text in ["{\"name\": ".as_bytes(), b"{\"name\": \"\xff\"}", "[".repeat(100_000).as_bytes()] {
            let reply = client.send(client.request(route.method.clone(), &path).body(text.to_vec())).await;
            assert_refused(&route.name(), &reply);
            assert_eq!(reply.status, 400, "{}", route.name());
        }
        let large = json!({ "name": "x".repeat(140 * 1024) });
        let reply = client.send(client.request(route.method.clone(), &path).json(&large)).await;
        assert_eq!(reply.status, 413, "{}", route.name());
        assert_refused(&route.name(), &reply);
    }
    assert_eq!(belongings.read(&client).await, before);
}

#[tokio::test]
async fn what_is_no_id_names_nothing_of_the_flows_surface() {
    let server = Server::start().await;
    let client = server.client();
    let long = "x".repeat(2_000);
    let named = of_flows(&client).await.into_iter().filter(|route| {
        // Whatever it names is made, or refused as a slug.
        route.names_something() && route.path != "/v1/entity/{slug}"
    });
    for route in named {
        for name in ["x", "0", "%00", "%FF", "null", "..%2F..", "a%2Fb%3Ac%20d", &long] {
            let path = route.with(|_, _| name.to_owned());
            let reply = route.call(&client, &path, &json!({})).await;
            let what = format!("{} at {path:.80}", route.name());
            // Where the contract has it so, nothing is said of what is not there.
            let says_nothing = reply.status == 200 && reply.body.as_object().is_none_or(serde_json::Map::is_empty);
            assert!(!says_nothing || route.method == Method::GET, "{what}");
            if !says_nothing {
                assert_refused(&what, &reply);
                assert!([400, 404].contains(&reply.status), "{what}: {}", reply.status);
            }
        }
    }
}
