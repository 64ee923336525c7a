//! The sample workflow, created through the public API as any client would.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::client::Client;

/// Whose event it is.
pub(super) const EMAIL: &str = "ada@example.org";

/// The event that starts it, and the one that it waits for.
pub(super) const STARTS: &str = "signed_up";
pub(super) const AWAITED: &str = "onboarded";

/// The step types that must have run, in the order of the graph.
pub(super) const STEPS: [&str; 7] =
    ["CONDITION", "UPDATE_CONTACT", "WEBHOOK", "SEND_EMAIL", "DELAY", "WAIT_FOR_EVENT", "EXIT"];

const BODY: &str = "<p>Hello {{ name ?? there }},</p>\
    <p>your <b>{{ plan }}</b> plan is ready. <a href=\"https://example.com/start?from=mail&amp;plan={{ plan }}\">Start here</a>.</p>";

/// The workflow's id.
pub(super) async fn create(client: &Client, web: SocketAddr) -> Result<String> {
    let template = template(client).await?;
    let workflow: Value = client
        .post("/workflows", &json!({ "name": "Sample: welcome", "eventName": STARTS, "allowReentry": true }))
        .await?;
    let graph = Graph { client, workflow: id(&workflow)? };
    let trigger = graph.trigger().await?;
    let condition = graph
        .step(
            "CONDITION",
            "Pro plan?",
            1,
            &json!({ "field": "contact.data.plan", "operator": "equals", "value": "pro" }),
        )
        .await?;
    let update = graph.step("UPDATE_CONTACT", "Mark as welcomed", 2, &json!({ "data": { "welcomed": true } })).await?;
    let webhook = graph
        .step("WEBHOOK", "Tell the CRM", 3, &json!({ "url": format!("http://{web}/crm"), "body": crm_body() }))
        .await?;
    let email = graph.step("SEND_EMAIL", "Welcome mail", 4, &json!({ "templateId": template })).await?;
    let delay = graph.step("DELAY", "A second later", 5, &json!({ "amount": 1, "unit": "seconds" })).await?;
    let wait = graph.step("WAIT_FOR_EVENT", "Onboarded?", 6, &json!({ "eventName": AWAITED, "timeout": 3600 })).await?;
    let welcomed = graph.step("EXIT", "Welcomed", 7, &json!({ "reason": "onboarded" })).await?;
    let silent = graph.step("EXIT", "No answer", 8, &json!({ "reason": "not_onboarded" })).await?;
    let not_pro = graph.step("EXIT", "Not pro", 9, &json!({ "reason": "not_pro" })).await?;
    graph.edge(&trigger, &condition, &json!({})).await?;
    graph.edge(&condition, &update, &json!({ "condition": { "branch": "yes" } })).await?;
    graph.edge(&condition, &not_pro, &json!({ "condition": { "branch": "no" } })).await?;
    for pair in [&update, &webhook, &email, &delay, &wait].windows(2) {
        graph.edge(pair[0], pair[1], &json!({})).await?;
    }
    graph.edge(&wait, &welcomed, &json!({ "waitOutcome": "EVENT" })).await?;
    graph.edge(&wait, &silent, &json!({ "waitOutcome": "TIMEOUT" })).await?;
    let path = format!("/workflows/{}", graph.workflow);
    client.patch::<Value>(&path, &json!({ "enabled": true })).await.context("enabling the workflow")?;
    Ok(graph.workflow)
}

/// Tracks an event of the sample's contact.
pub(super) async fn track(client: &Client, event: &str, data: Value) -> Result<()> {
    client.post::<Value>("/v1/track", &json!({ "event": event, "email": EMAIL, "data": data })).await.map(drop)
}

fn crm_body() -> Value {
    json!({ "email": "{{ email }}", "plan": "{{ plan }}", "welcomed": "{{ data.welcomed }}" })
}

async fn template(client: &Client) -> Result<String> {
    let template = json!({
        "name": "Sample: welcome", "subject": "Welcome, {{ name ?? there }}", "body": BODY,
        "from": "hello@example.com", "fromName": "The Example Shop", "type": "MARKETING",
    });
    id(&client.post::<Value>("/templates", &template).await?)
}

struct Graph<'a> {
    client: &'a Client,
    workflow: String,
}

impl Graph<'_> {
    async fn trigger(&self) -> Result<String> {
        let workflow: Value = self.client.get(&format!("/workflows/{}", self.workflow)).await?;
        let steps = workflow.get("steps").and_then(Value::as_array).context("the workflow has no steps")?;
        let trigger = steps.iter().find(|step| step.get("type").is_some_and(|kind| kind == "TRIGGER"));
        id(trigger.context("the workflow has no trigger")?)
    }

    async fn step(&self, kind: &str, name: &str, row: u32, config: &Value) -> Result<String> {
        let position = json!({ "x": 100, "y": 100 + 120 * row });
        let step = json!({ "type": kind, "name": name, "position": position, "config": config, "autoConnect": false });
        let path = format!("/workflows/{}/steps", self.workflow);
        id(&self.client.post(&path, &step).await.with_context(|| format!("adding the step {name:?}"))?)
    }

    async fn edge(&self, from: &str, to: &str, when: &Value) -> Result<()> {
        let mut edge = json!({ "fromStepId": from, "toStepId": to });
        if let (Value::Object(edge), Value::Object(when)) = (&mut edge, when) {
            edge.extend(when.clone());
        }
        let path = format!("/workflows/{}/transitions", self.workflow);
        self.client.post::<Value>(&path, &edge).await.context("connecting two steps").map(drop)
    }
}

fn id(value: &Value) -> Result<String> {
    value.get("id").and_then(Value::as_str).map(str::to_owned).context("an answer without an id")
}
