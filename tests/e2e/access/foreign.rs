//! A key of one workspace sees nothing of another and changes nothing there.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stepwell_tests::{Client, Server, ServerOptions, SmtpPeer, Workflow, eventually, fixture};

use crate::routes::{self, Route};

/// One of everything, in one workspace.
struct Belongings {
    /// By the segment of a path behind which an id of this kind stands.
    ids: BTreeMap<&'static str, String>,
    trigger: String,
    /// Texts that nobody else may see.
    secrets: Vec<String>,
}

impl Belongings {
    fn id(&self, kind: &str) -> &str {
        self.ids.get(kind).unwrap_or_else(|| panic!("nothing of the kind {kind} was made"))
    }

    /// The path of a route to these belongings.
    fn path(&self, route: &Route) -> String {
        route.with(|before, name| match (before, name) {
            ("versions", _) => "1".to_owned(),
            ("events", "name") => "signed_up".to_owned(),
            (before, _) => self.id(before).to_owned(),
        })
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("an id in {value:#}")).to_owned()
}

async fn furnish(client: &Client) -> Belongings {
    let template = json!({ "name": "Tmpl-A", "subject": "Subj-A", "body": "<p>Hi</p>", "from": "team-a@example.org" });
    let template = id(&client.post("/templates", template).await.expect(201));
    let workflow = Workflow::create(client, "signed_up", json!({ "name": "Flow-A" })).await;
    let steps = workflow
        .chain(&[
            ("SEND_EMAIL", "Mail-A", json!({ "templateId": template })),
            ("WAIT_FOR_EVENT", "Wait-A", json!({ "eventName": "go-A", "timeout": 3600 })),
        ])
        .await;
    client.track("signed_up", "ada-a@example.org", json!({ "plan": "Plan-A" })).await;
    let execution = workflow.newest_in(&["WAITING"]).await;
    let detail = client.get(&workflow.path("")).await.expect(200);
    let transition = id(&detail["steps"][0]["outgoingTransitions"][0]);
    let message = Workflow::visit(&execution, "Mail-A")["output"]["emailId"].as_str().expect("a message").to_owned();
    eventually("the message sent", || async {
        let message = client.get(&format!("/v1/messages/{message}")).await.expect(200);
        (message["status"] == "SENT").then_some(())
    })
    .await;
    let contact = execution["contactId"].as_str().expect("a contact").to_owned();
    let plugin = crate::plugins::install(client, fixture("log-flood"), &[("wasi:logging/logging", &[])]).await;
    let connection = json!({ "name": "conn-a", "secret": "s3cret-A", "hosts": ["a.example.org"] });
    let connection = id(&client.post("/v1/connections", connection).await.expect(201));
    client.post("/v1/suppressions", json!({ "email": "supp-a@example.org" })).await.expect(201);
    let list = json!({ "name": "List-A", "flow": [{ "name": "Item-A" }] });
    let list = id(&client.post("/v1/workflows/definitions", list).await.expect(201));
    client.post("/v1/workflows/executions", json!({ "workflowId": list })).await.expect(201);
    let tasks = client.get("/v1/tasks").await.expect(200);
    let key = client.post("/v1/keys", json!({ "name": "Key-A", "kind": "secret", "scopes": ["*"] })).await.expect(201);
    let workspace = client.get("/v1/workspace").await.expect(200);
    let ids = BTreeMap::from([
        ("templates", template),
        ("workflows", workflow.id),
        ("steps", steps[0].clone()),
        ("transitions", transition),
        ("executions", id(&execution)),
        ("contacts", contact.clone()),
        ("contact", contact),
        ("messages", message),
        ("plugins", plugin["digest"].as_str().expect("a digest").to_owned()),
        ("connections", connection),
        ("suppressions", "supp-a@example.org".to_owned()),
        ("keys", id(&key)),
        ("tasks", id(&tasks["data"][0])),
    ]);
    let words = [
        "Tmpl-A", "Subj-A", "team-a@", "Flow-A", "Mail-A", "Wait-A", "go-A", "ada-a@", "Plan-A", "conn-a", "supp-a@",
        "Key-A", "List-A", "Item-A",
    ];
    let mut secrets: Vec<_> = words.map(str::to_owned).into();
    secrets.push(id(&workspace));
    secrets.push(workspace["webhookSigningSecret"].as_str().expect("a secret").to_owned());
    secrets.extend(ids.values().cloned());
    Belongings { ids, trigger: workflow.trigger, secrets }
}

/// A server with two workspaces, and a client for each.
async fn two_workspaces() -> (Server, SmtpPeer, Client, Client) {
    let smtp = SmtpPeer::start().await;
    let server = ServerOptions::default().set("STEPWELL_SMTP_URL", smtp.url()).start().await;
    let workspace = server.command(&["workspace", "create", "Other"]).await;
    assert!(workspace.status.success(), "{}", String::from_utf8_lossy(&workspace.stderr));
    let made = server.command(&["key", "create", "--workspace", "Other"]).await;
    let text = String::from_utf8_lossy(&made.stdout);
    assert!(made.status.success(), "{text}{}", String::from_utf8_lossy(&made.stderr));
    let key = text.lines().map(str::trim).find(|line| line.starts_with("sk_")).expect("a key").to_owned();
    let (own, other) = (server.client(), server.client_with(Some(&key)));
    (server, smtp, own, other)
}

/// All that a workspace's key can read, by path.
async fn everything(client: &Client, belongings: &Belongings) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    for route in routes::all(client).await.iter().filter(|route| route.is_read() && !route.is_of_flows()) {
        let path = belongings.path(route);
        seen.insert(path.clone(), client.get(&path).await.expect(200));
    }
    seen
}

/// Members that change by being looked at.
fn stable(mut seen: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for key in seen.get_mut("/v1/keys").into_iter().flat_map(|keys| keys["data"].as_array_mut().into_iter().flatten()) {
        key["lastUsedAt"] = Value::Null;
    }
    seen
}

#[tokio::test]
async fn a_key_of_another_workspace_sees_nothing_and_changes_nothing() {
    let (_server, _smtp, own, other) = two_workspaces().await;
    let belongings = furnish(&own).await;
    let before = stable(everything(&own, &belongings).await);
    assert_ne!(own.get("/v1/workspace").await.expect(200)["id"], other.get("/v1/workspace").await.expect(200)["id"]);
    for route in routes::all(&own).await.iter().filter(|route| !route.is_public() && !route.is_of_flows()) {
        let path = belongings.path(route);
        let body = route.example.clone().unwrap_or_else(|| body(route));
        let reply = route.call(&other, &path, &body).await;
        let shown = reply.body.to_string();
        let found = belongings.secrets.iter().find(|secret| shown.contains(secret.as_str()));
        if !(path.contains("events/signed_up") || reply.status == 404) {
            assert_eq!(found, None, "{} shows something of another workspace: {shown}", route.name());
        }
        if route.names_something() && !path.contains("events/signed_up") {
            assert_eq!(reply.status, 404, "{}: {shown}", route.name());
        }
        assert!(reply.status < 500, "{}: {shown}", route.name());
    }
    let after = stable(everything(&own, &belongings).await);
    for (path, value) in before {
        assert_eq!(after[&path], value, "{path} was changed by another workspace");
    }
}

/// A body that fits the schema of a route that has no example.
fn body(route: &Route) -> Value {
    match (route.method.as_str(), route.path.as_str()) {
        ("PUT", _) => json!({ "grants": [] }),
        (_, path) if path.ends_with("/executions") => json!({ "contactId": "00000000-0000-4000-8000-000000000000" }),
        (_, path) if path.ends_with("/assign") => json!({ "assignees": ["u1"] }),
        (_, path) if path.ends_with("/comment") => json!({ "text": "x" }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn what_another_workspace_has_cannot_be_used_in_ones_own() {
    let (_server, _smtp, own, other) = two_workspaces().await;
    let foreign = furnish(&own).await;
    let workflow = Workflow::create(&other, "mine", json!({})).await;
    let step = |kind: &str, config: Value| json!({ "type": kind, "name": "x", "position": {"x": 0, "y": 0}, "config": config });
    let exit = workflow.step("EXIT", "end", json!({})).await;
    let template = foreign.id("templates");
    let contact = foreign.id("contacts");
    let attempts = [
        (workflow.path("/steps"), step("SEND_EMAIL", json!({ "templateId": template })), &[404, 422][..]),
        (workflow.path("/steps"), step("LOG_FLOOD", json!({})), &[404, 422]),
        (workflow.path("/transitions"), json!({ "fromStepId": foreign.trigger, "toStepId": exit }), &[404]),
        (
            workflow.path("/transitions"),
            json!({ "fromStepId": workflow.trigger, "toStepId": foreign.id("steps") }),
            &[404],
        ),
        (workflow.path("/executions"), json!({ "contactId": contact }), &[404]),
        (workflow.path("/dry-run"), json!({ "contactId": contact }), &[404]),
        ("/workflows/bulk-update".into(), json!({ "ids": [foreign.id("workflows")], "delete": true }), &[404]),
        ("/templates/bulk-update".into(), json!({ "ids": [template], "delete": true }), &[404]),
        ("/events/track".into(), json!({ "name": "x", "contactId": contact }), &[404]),
        ("/v1/send".into(), json!({ "to": "b@example.org", "template": template }), &[404]),
    ];
    for (path, body, expected) in attempts {
        let reply = other.post(&path, body.clone()).await;
        assert!(expected.contains(&reply.status), "{path} {body}: {} {:#}", reply.status, reply.body);
    }
    // The same address is another contact there, and its events end no wait here.
    other.track("go-A", "ada-a@example.org", json!({})).await;
    let execution =
        own.get(&format!("/workflows/{}/executions/{}", foreign.id("workflows"), foreign.id("executions"))).await;
    assert_eq!(execution.expect(200)["status"], "WAITING");
    let found = other.post("/contacts/lookup", json!({ "emails": ["ada-a@example.org"] })).await.expect(200);
    assert_ne!(found["found"][0]["id"], contact);
}
