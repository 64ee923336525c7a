//! The server under measurement, and the workflows it runs.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell_tests::{Client, Server, ServerOptions, Workflow};

use crate::http::Caller;
use crate::process::Process;

/// The name of each workflow's last step: who completes it has ended.
pub(crate) const END: &str = "end";

/// A server with the usual settings and a database of its own, and its process.
pub(crate) async fn start() -> Result<(Server, Process)> {
    let server = ServerOptions::default().from_nothing().set("STEPWELL_LOG", "warn").start().await;
    let process = process(&server)?;
    Ok((server, process))
}

pub(crate) fn process(server: &Server) -> Result<Process> {
    server.process_id().map(Process).context("the server has ended")
}

/// CONDITION → UPDATE_CONTACT → WEBHOOK → EXIT behind an event; without an address, without the webhook.
pub(crate) async fn signup_flow(client: &Client, event: &str, webhook: Option<&str>) -> Workflow {
    let workflow = Workflow::create(client, event, json!({})).await;
    let is_free = json!({ "field": "contact.data.plan", "operator": "equals", "value": "free" });
    let condition = workflow.step("CONDITION", "is free", is_free).await;
    let greeted = json!({ "data": { "greeted": true, "from": "{{ event.source }}" } });
    let update = workflow.step("UPDATE_CONTACT", "greet", greeted).await;
    workflow.connect(&workflow.trigger, &condition, Value::Null).await;
    workflow.connect(&condition, &update, json!({ "branch": "yes" })).await;
    let mut last = update;
    if let Some(url) = webhook {
        let tell = workflow.step("WEBHOOK", "tell", json!({ "url": url, "method": "POST" })).await;
        workflow.connect(&last, &tell, Value::Null).await;
        last = tell;
    }
    let end = workflow.step("EXIT", END, json!({ "reason": "greeted" })).await;
    workflow.connect(&last, &end, Value::Null).await;
    workflow
}

/// `POST /v1/track` of somebody new.
pub(crate) fn sign_up(event: &str, n: u64) -> Bytes {
    let body = format!(
        r#"{{"event":"{event}","email":"u{n}@bench.example.org","data":{{"plan":"free","source":"web","n":{n}}}}}"#
    );
    body.into()
}

/// The counters of a workflow, asked for over a connection of its own. Cheap: a few rows, however much has run.
pub(crate) struct Counters {
    caller: Caller,
    path: String,
}

#[derive(Deserialize)]
struct Stats {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    name: String,
    completed: u64,
    failed: u64,
}

impl Counters {
    pub(crate) async fn of(server: &Server, workflow: &Workflow) -> Result<Self> {
        let caller = Caller::connect(server.address(), server.key()).await?;
        Ok(Self { caller, path: workflow.path("/stats") })
    }

    /// How many executions have come to their end. A step that failed ends the measurement.
    pub(crate) async fn ended(&mut self) -> Result<u64> {
        let (status, body) = self.caller.get(&self.path).await?;
        ensure!(status.is_success(), "{}: {status}", self.path);
        let stats: Stats = serde_json::from_slice(&body).context("reading a workflow's counters")?;
        if let Some(step) = stats.steps.iter().find(|step| step.failed > 0) {
            anyhow::bail!("{} visits to the step {:?} failed", step.failed, step.name);
        }
        stats.steps.iter().find(|step| step.name == END).map(|step| step.completed).context("no last step")
    }
}
