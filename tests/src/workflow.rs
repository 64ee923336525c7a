//! A workflow under test, written through the public API.

use serde_json::{Value, json};

use crate::client::Client;
use crate::wait::eventually;

/// A workflow that was created.
#[derive(Clone)]
pub struct Workflow {
    client: Client,
    /// Its id.
    pub id: String,
    /// The id of its trigger step.
    pub trigger: String,
}

impl Workflow {
    /// Creates an enabled workflow that an event starts. `more` is merged into the request.
    pub async fn create(client: &Client, event: &str, more: Value) -> Self {
        let mut body = json!({ "name": format!("on {event}"), "eventName": event, "enabled": true });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let created = client.post("/workflows", body).await.expect(201);
        let id = text(&created["id"]);
        let detail = client.get(&format!("/workflows/{id}")).await.expect(200);
        Self { client: client.clone(), id, trigger: text(&detail["steps"][0]["id"]) }
    }

    /// The same workflow through another client: after a restart the server has another port.
    pub fn on(&self, client: &Client) -> Self {
        Self { client: client.clone(), ..self.clone() }
    }

    /// A path below the workflow.
    pub fn path(&self, rest: &str) -> String {
        format!("/workflows/{}{rest}", self.id)
    }

    /// Adds a step that nothing leads to yet, and gives its id.
    pub async fn step(&self, kind: &str, name: &str, config: Value) -> String {
        let body = json!({
            "type": kind, "name": name, "config": config, "position": {"x": 0, "y": 0}, "autoConnect": false,
        });
        text(&self.client.post(&self.path("/steps"), body).await.expect(201)["id"])
    }

    /// Connects two steps. `condition` is the edge's condition, or null.
    pub async fn connect(&self, from: &str, to: &str, condition: Value) -> String {
        let body = json!({ "fromStepId": from, "toStepId": to, "condition": condition });
        text(&self.client.post(&self.path("/transitions"), body).await.expect(201)["id"])
    }

    /// Adds steps one behind the other, the first behind the trigger, and gives their ids.
    pub async fn chain(&self, steps: &[(&str, &str, Value)]) -> Vec<String> {
        let mut before = self.trigger.clone();
        let mut ids = Vec::new();
        for (kind, name, config) in steps {
            let id = self.step(kind, name, config.clone()).await;
            self.connect(&before, &id, Value::Null).await;
            before.clone_from(&id);
            ids.push(id);
        }
        ids
    }

    /// The executions, newest first.
    pub async fn executions(&self) -> Vec<Value> {
        let page = self.page("").await;
        page["executions"].as_array().cloned().unwrap_or_default()
    }

    /// The first page of executions; `filter` is appended to the query.
    pub async fn page(&self, filter: &str) -> Value {
        self.client.get(&self.path(&format!("/executions?pageSize=100{filter}"))).await.expect(200)
    }

    /// Waits until there is an execution and the newest is in one of these statuses; gives its detail.
    pub async fn newest_in(&self, statuses: &[&str]) -> Value {
        let id = eventually(&format!("an execution of {} in {statuses:?}", self.id), || async {
            let newest = self.executions().await.into_iter().next()?;
            statuses.contains(&newest["status"].as_str()?).then(|| text(&newest["id"]))
        })
        .await;
        self.execution(&id).await
    }

    /// Waits until the newest execution has ended, and gives its detail.
    pub async fn finished(&self) -> Value {
        self.newest_in(&["COMPLETED", "EXITED", "FAILED", "CANCELLED"]).await
    }

    /// An execution's detail.
    pub async fn execution(&self, id: &str) -> Value {
        self.client.get(&self.path(&format!("/executions/{id}"))).await.expect(200)
    }

    /// The step execution of a step, by the step's name, in an execution's detail.
    pub fn visit<'e>(execution: &'e Value, name: &str) -> &'e Value {
        let visits = execution["stepExecutions"].as_array().expect("stepExecutions");
        let found = visits.iter().rev().find(|visit| visit["step"]["name"] == name);
        found.unwrap_or_else(|| panic!("no visit to {name} in {execution:#}"))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text in place of {value}")).to_owned()
}
