//! A flow under test, worked on through the public API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::wait::eventually;

/// The schema of the entities that flows under test are about.
pub const SCHEMA: &str = "order";

/// A flow that was started.
#[derive(Clone)]
pub struct Flow {
    client: Client,
    /// Its id.
    pub id: String,
}

impl Flow {
    /// Makes a template, and gives its id.
    pub async fn template(client: &Client, tasks: Value, edges: Value, phases: Value) -> String {
        let body = json!({ "name": "Under test", "version": "v3", "tasks": tasks, "edges": edges, "phases": phases });
        text(&client.post("/v2/flows/templates", body).await.expect(201)["id"])
    }

    /// Makes an entity, and gives its id.
    pub async fn entity(client: &Client, attributes: Value) -> String {
        text(&client.post(&format!("/v1/entity/{SCHEMA}"), attributes).await.expect(201)["_id"])
    }

    /// Starts a flow of a template about an entity.
    pub async fn start(client: &Client, template: &str, entity: &str) -> Self {
        let contexts = json!([{ "entity_id": entity, "entity_schema": SCHEMA, "is_primary": true }]);
        let body = json!({ "flow_template_id": template, "contexts": contexts });
        let started = client.post("/v2/flows/executions", body).await.expect(201);
        Self { client: client.clone(), id: text(&started["id"]) }
    }

    /// The same flow through another client: after a restart the server has another port.
    #[must_use]
    pub fn on(&self, client: &Client) -> Self {
        Self { client: client.clone(), ..self.clone() }
    }

    /// A path below the flow.
    pub fn path(&self, rest: &str) -> String {
        format!("/v2/flows/executions/{}{rest}", self.id)
    }

    /// The flow as it is shown.
    pub async fn show(&self) -> Value {
        self.client.get(&self.path("")).await.expect(200)
    }

    /// A task by its template's id, in a flow that was shown.
    pub fn task<'f>(shown: &'f Value, key: &str) -> &'f Value {
        let mut tasks = shown["tasks"].as_array().expect("tasks").iter();
        tasks.find(|task| task["template_id"] == key).unwrap_or_else(|| panic!("no task {key} in {shown:#}"))
    }

    /// The template's ids of the current tasks, in a flow that was shown.
    pub fn current(shown: &Value) -> Vec<String> {
        let tasks = shown["tasks"].as_array().expect("tasks");
        let key = |current: &Value| {
            let task = tasks.iter().find(|task| task["id"] == current["id"]).expect("a current task among the tasks");
            text(&task["template_id"])
        };
        shown["crt_tasks"].as_array().expect("current tasks").iter().map(key).collect()
    }

    /// The path of a task.
    pub async fn task_path(&self, key: &str) -> String {
        let shown = self.show().await;
        self.path(&format!("/tasks/{}", text(&Self::task(&shown, key)["id"])))
    }

    /// Changes a task, and gives it as it is then.
    pub async fn patch(&self, key: &str, change: Value) -> Value {
        let path = self.task_path(key).await;
        self.client.patch(&path, change).await.expect(200)
    }

    /// Sends a change of what is at a path in somebody's name.
    pub async fn patch_as(&self, user: &str, path: &str, change: &Value) -> reqwest::Result<Reply> {
        let request = self.client.request(Method::PATCH, path).header("x-stepwell-user", user);
        self.client.try_send(request.json(change)).await
    }

    /// Waits until a task stands so, and gives the flow.
    pub async fn until(&self, key: &str, status: &str) -> Value {
        eventually(&format!("the task {key} to be {status}"), || async {
            let shown = self.show().await;
            (Self::task(&shown, key)["status"] == status).then_some(shown)
        })
        .await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text in place of {value}")).to_owned()
}
