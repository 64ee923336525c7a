//! Whatever is sent: an answer in the error envelope that names the field, never a 5xx, and nothing changed.

mod cases;

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, Reply, Server, ServerOptions, Workflow};

use crate::routes::{self, Route};

/// One of everything that a request can name.
struct World {
    /// Lives as long as the world.
    _server: Server,
    client: Client,
    workflow: Workflow,
    step: String,
    transition: String,
    execution: String,
    contact: String,
    template: String,
}

impl World {
    async fn start() -> Self {
        let server = Server::start().await;
        let client = server.client();
        let template = json!({ "name": "Hello", "subject": "Hi", "body": "<p>Hi</p>", "from": "team@example.org" });
        let template = text(&client.post("/templates", template).await.expect(201)["id"]);
        let workflow = Workflow::create(&client, "signed_up", json!({})).await;
        let wait = ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "paid" }));
        let step = workflow.chain(&[wait]).await.remove(0);
        let detail = client.get(&workflow.path("")).await.expect(200);
        let transition = text(&detail["steps"][0]["outgoingTransitions"][0]["id"]);
        let contact =
            text(&client.track("signed_up", "ada@example.org", json!({ "plan": "pro" })).await["data"]["contact"]);
        let execution = text(&workflow.newest_in(&["WAITING"]).await["id"]);
        Self { _server: server, client, workflow, step, transition, execution, contact, template }
    }

    /// A path with `{w}`, `{s}`, `{t}`, `{e}`, `{c}` and `{p}` (template) replaced.
    fn path(&self, path: &str) -> String {
        let names = [
            ("{w}", &self.workflow.id),
            ("{s}", &self.step),
            ("{t}", &self.transition),
            ("{e}", &self.execution),
            ("{c}", &self.contact),
            ("{p}", &self.template),
        ];
        names.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id))
    }

    /// The path of a route to what this world has.
    fn path_of(&self, route: &Route) -> String {
        route.with(|before, name| match (before, name) {
            ("workflows", _) => self.workflow.id.clone(),
            ("steps", _) => self.step.clone(),
            ("transitions", _) => self.transition.clone(),
            ("executions", _) => self.execution.clone(),
            ("contacts" | "contact", _) => self.contact.clone(),
            ("templates", _) => self.template.clone(),
            ("versions", _) => "1".to_owned(),
            ("events", _) => "signed_up".to_owned(),
            _ => "00000000-0000-4000-8000-000000000000".to_owned(),
        })
    }

    /// Everything that there is, by path.
    async fn everything(&self) -> BTreeMap<String, Value> {
        let mut seen = BTreeMap::new();
        for route in routes::all(&self.client).await.iter().filter(|route| route.is_read()) {
            let path = self.path_of(route);
            let mut reply = self.client.get(&path).await;
            if route.path == "/v1/keys" {
                reply.body["data"][0]["lastUsedAt"] = Value::Null;
            }
            if reply.status == 200 {
                seen.insert(path, reply.body);
            }
        }
        assert!(seen.len() > 15, "{:?}", seen.keys());
        seen
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Checks that a refusal is one.
#[track_caller]
fn assert_refused(what: &str, reply: &Reply) {
    let body = &reply.body;
    assert!((400..500).contains(&reply.status), "{what}: {} {body:#}", reply.status);
    assert_eq!(body["success"], false, "{what}: {body:#}");
    assert_eq!(body["error"]["statusCode"], reply.status, "{what}: {body:#}");
    assert_eq!(body["error"]["requestId"], reply.header("x-request-id"), "{what}: {body:#}");
    assert!(body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{what}: {body:#}");
    assert!(!["", "INTERNAL_SERVER_ERROR"].contains(&reply.code()), "{what}: {body:#}");
}

#[tokio::test]
async fn each_bad_input_is_answered_with_the_path_of_its_field_and_changes_nothing() {
    let world = World::start().await;
    let before = world.everything().await;
    let mut wrong = Vec::new();
    for case in cases::all() {
        let method = Method::from_bytes(case.method.as_bytes()).expect("a method");
        let request = world.client.request(method, &world.path(case.path));
        let reply = world.client.send(if case.body.is_null() { request } else { request.json(&case.body) }).await;
        let what = format!("{} {} {:.200}", case.method, case.path, case.body.to_string());
        assert_refused(&what, &reply);
        let errors = reply.body["error"]["errors"].as_array().cloned().unwrap_or_default();
        let fields: Vec<_> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        if reply.status != 422 || reply.code() != "VALIDATION_ERROR" || !fields.contains(&case.field) {
            wrong.push(format!("{what}\n  {} {} {fields:?} in place of {:?}", reply.status, reply.code(), case.field));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn bodies_that_no_route_can_want_are_refused_by_all_of_them() {
    let world = World::start().await;
    let before = world.everything().await;
    let deep = (0..70).fold(json!(1), |inner, _| json!([inner]));
    let bodies = [
        json!([]),
        json!("text"),
        json!(7),
        json!({ "\u{0}": 1 }),
        json!({ "name": "a\u{0}b", "event": "a\u{0}b", "to": "a\u{0}b" }),
        json!({ "name": deep, "data": { "x": deep } }),
        json!({ "__proto__": {}, "surprise": true }),
    ];
    let json_routes = routes::all(&world.client)
        .await
        .into_iter()
        .filter(|route| route.body.as_deref() == Some("application/json") && !route.is_of_flows());
    for route in json_routes {
        let path = world.path_of(&route);
        for body in &bodies {
            let reply = route.call(&world.client, &path, body).await;
            assert_refused(&format!("{} {:.80}", route.name(), body.to_string()), &reply);
        }
        let send = |kind: &'static str, body: Vec<u8>| {
            let request = world.client.request(route.method.clone(), &path).header("content-type", kind);
            world.client.send(request.body(body))
        };
        let broken = send("application/json", b"{\"name\": ".to_vec()).await;
        assert_eq!((broken.status, broken.code()), (400, "VALIDATION_ERROR"), "{}", route.name());
        let not_text = send("application/json", b"{\"name\": \"\xff\"}".to_vec()).await;
        assert_eq!((not_text.status, not_text.code()), (400, "VALIDATION_ERROR"), "{}", route.name());
        let endless = send("application/json", "[".repeat(100_000).into_bytes()).await;
        assert_eq!((endless.status, endless.code()), (400, "VALIDATION_ERROR"), "{}", route.name());
        let form = send("application/x-www-form-urlencoded", b"name=x".to_vec()).await;
        assert_eq!(form.status, 415, "{}", route.name());
        assert_refused(&route.name(), &form);
    }
    assert_eq!(world.everything().await, before);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_all_there() {
    let server = ServerOptions::default().set("STEPWELL_MAX_BODY_KIB", 64).start().await;
    let client = server.client();
    let contact = |size: usize| json!({ "email": "ada@example.org", "data": { "x": "x".repeat(size) } });
    for route in ["/contacts", "/v1/track", "/templates", "/workflows"] {
        let reply = client.post(route, contact(70 * 1024)).await;
        assert_eq!((reply.status, reply.code()), (413, "PAYLOAD_TOO_LARGE"), "{route}");
        assert_refused(route, &reply);
    }
    client.post("/contacts", contact(30 * 1024)).await.expect(201);
    assert_eq!(client.get("/contacts").await.expect(200)["total"], 1);
}

#[tokio::test]
async fn an_unknown_route_is_404_and_a_wrong_method_405() {
    let world = World::start().await;
    for path in ["/nothing", "/workflows/x/y/z", "/v1", "/v1/nothing", "/workflows/", "/%00", "/..%2f..%2fetc"] {
        let reply = world.client.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_refused(path, &reply);
    }
    for (method, path) in [("DELETE", "/workflows"), ("PUT", "/contacts"), ("GET", "/v1/track"), ("POST", "/health")] {
        let request = world.client.request(Method::from_bytes(method.as_bytes()).expect("a method"), path);
        let reply = world.client.send(request).await;
        assert_eq!((reply.status, reply.header("allow").is_empty()), (405, false), "{method} {path}");
        assert_refused(path, &reply);
    }
}

#[tokio::test]
async fn what_is_no_id_names_nothing_and_neither_does_an_id_of_something_else() {
    let world = World::start().await;
    let long = "x".repeat(2_000);
    let routes = routes::all(&world.client).await;
    let named = routes.iter().filter(|route| !route.is_public() && route.names_something() && !route.is_of_flows());
    for route in named {
        if route.path.starts_with("/events/{name}") {
            continue;
        }
        for name in ["x", "0", "%00", "null", "..%2F..", &long, &world.contact.to_uppercase()] {
            if name == world.contact.to_uppercase() && route.path.contains("contact") {
                continue;
            }
            let path = route.with(|_, _| name.to_owned());
            let body = route.example.clone().unwrap_or_else(|| json!({}));
            let reply = route.call(&world.client, &path, &body).await;
            assert!(
                [404, 422].contains(&reply.status),
                "{} at {path}: {} {:#}",
                route.name(),
                reply.status,
                reply.body
            );
            assert_refused(&path, &reply);
        }
    }
}

#[tokio::test]
async fn a_contact_that_grows_too_large_step_by_step_is_refused_and_stays() {
    let server = Server::start().await;
    let client = server.client();
    let mut refused = 0;
    for n in 0..10 {
        let data = json!({ format!("k{n}"): "x".repeat(20 * 1024) });
        let reply =
            client.post("/v1/track", json!({ "event": "grew", "email": "ada@example.org", "data": data })).await;
        assert!([200, 422].contains(&reply.status), "{:#}", reply.body);
        refused += usize::from(reply.status == 422);
    }
    assert!(refused > 0);
    let found = client.post("/contacts/lookup", json!({ "emails": ["ada@example.org"] })).await.expect(200);
    let size = found["found"][0]["data"].to_string().len();
    assert!((20_000..=64 * 1024).contains(&size), "{size}");
    // An event that was refused was not stored either.
    let events = client.get("/events?eventName=grew").await.expect(200);
    assert_eq!(events["events"].as_array().map(Vec::len), Some(10 - refused));
}
