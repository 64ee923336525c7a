//! A tester that this project did not write, `schemathesis`, reads `/openapi.json` and calls the live server with thousands of good
//! and bad requests: no 5xx, no undocumented status, content type or header, no body that does not fit its schema.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use stepwell_tests::{Client, Server, Workflow, fixture, python};
use tokio::process::Command;

/// A run takes about a minute.
const LIMIT: Duration = Duration::from_secs(280);

/// The fewest cases that are worth the name of a run.
const CASES: u64 = 2_000;

#[tokio::test]
async fn the_server_keeps_to_its_openapi_document() {
    let server = Server::start().await;
    let things = furnish(&server).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(tool());
    command
        .arg("--config-file")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", server.address())])
        .args(["--header", &format!("Authorization: Bearer {}", server.key())])
        .envs(things)
        .current_dir(folder.path())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.expect("a run within its time");
    let output = output.expect("running schemathesis");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "schemathesis found something:\n{text}");
    assert!(cases(&text) >= CASES, "schemathesis tested too little:\n{text}");
    server.client().get("/ready").await.expect(200);
}

/// It lies beside the interpreter of the venv.
fn tool() -> PathBuf {
    python().with_file_name("schemathesis")
}

/// How many cases passed: `4490 generated, 4490 passed, …`.
fn cases(summary: &str) -> u64 {
    let words: Vec<_> = summary.split_whitespace().collect();
    let pair =
        words.windows(2).rev().find(|pair| pair[1].trim_end_matches(',') == "passed" && pair[0].parse::<u64>().is_ok());
    pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

/// Something to find in every list, by the names that the configuration uses.
async fn furnish(server: &Server) -> Vec<(&'static str, String)> {
    let client = server.client();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let body = json!({ "name": "Hello", "subject": "Hi", "body": "<p>Hi</p>", "from": "team@example.org" });
    let template = client.post("/templates", body).await.expect(201)["id"].clone();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let mail = ("SEND_EMAIL", "mail", json!({ "templateId": template }));
    let wait = ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "paid", "timeout": 3600 }));
    let steps = workflow.chain(&[mail, wait]).await;
    let contact =
        client.track("signed_up", "ada@example.org", json!({ "plan": "pro" })).await["data"]["contact"].clone();
    let execution = workflow.newest_in(&["WAITING"]).await;
    let detail = client.get(&workflow.path("")).await.expect(200);
    let flows = furnish_flows(&client).await;
    let plugin = super::plugins::install(&client, fixture("log-flood"), &[("wasi:logging/logging", &[])]).await;
    let mut things = vec![
        ("WORKFLOW", workflow.id.clone()),
        ("STEP", steps[1].clone()),
        ("TRANSITION", text(&detail["steps"][0]["outgoingTransitions"][0]["id"])),
        ("EXECUTION", text(&execution["id"])),
        ("CONTACT", text(&contact)),
        ("TEMPLATE", text(&template)),
        ("MESSAGE", text(&Workflow::visit(&execution, "mail")["output"]["emailId"])),
        ("PLUGIN", text(&plugin["digest"])),
    ];
    things.extend(flows);
    things
}

/// The same of the flows surface.
async fn furnish_flows(client: &Client) -> Vec<(&'static str, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let made = async |path: &str, body: Value| client.post(path, body).await.expect(201);
    let entity = made("/v1/entity/order", json!({ "name": "Roof" })).await;
    let reason = made("/v1/workflows/closing-reasons", json!({ "title": "Lost" })).await;
    let flow = json!([{ "name": "Prepare", "steps": [{ "name": "Call" }, { "name": "Write" }] }, { "name": "Sign" }]);
    let definition = made("/v1/workflows/definitions", json!({ "name": "Onboarding", "flow": flow })).await;
    let contexts = json!([{ "id": entity["_id"], "schema": "order" }]);
    let checklist = json!({ "workflowId": definition["id"], "contexts": contexts });
    let checklist = made("/v1/workflows/executions", checklist).await;
    let template = made("/v2/flows/templates", flow_template()).await;
    let contexts = json!([{ "entity_id": entity["_id"], "entity_schema": "order" }]);
    let start = json!({ "flow_template_id": template["id"], "contexts": contexts });
    // One is closed and opened, of the other the tasks are worked on.
    let flow = made("/v2/flows/executions", start.clone()).await;
    let worked = made("/v2/flows/executions", start).await;
    let mut tasks = worked["tasks"].as_array().expect("tasks").iter();
    let armed = tasks.find(|task| task["status"] == "SCHEDULED").expect("a scheduled task");
    vec![
        ("FLOW", text(&flow["id"])),
        ("FLOW_OF_TASKS", text(&worked["id"])),
        ("TASK", text(&armed["id"])),
        ("PHASE", text(&worked["phases"][0]["id"])),
        ("SCHEDULE", text(&armed["schedule"]["schedule_id"])),
        ("ENTITY", text(&entity["_id"])),
        ("REASON", text(&reason["id"])),
        ("DEFINITION", text(&definition["id"])),
        ("CHECKLIST", text(&checklist["id"])),
        ("ITEM", text(&checklist["flow"][0]["steps"][0]["id"])),
        ("FLOW_TEMPLATE", text(&template["id"])),
    ]
}

/// Two tasks in a phase, and an automation that begins in two days.
fn flow_template() -> Value {
    let manual = |id: &str| json!({ "id": id, "name": id, "task_type": "MANUAL", "phase_id": "p" });
    let timed = json!({
        "id": "remind", "name": "Remind", "task_type": "AUTOMATION", "trigger_mode": "automatic",
        "automation_config": { "flow_id": "f" }, "schedule": { "mode": "delayed", "duration": 2, "unit": "days" },
    });
    json!({
        "name": "Onboarding", "phases": [{ "id": "p", "name": "First" }],
        "tasks": [manual("call"), manual("write"), timed],
        "edges": [{ "id": "e", "from_id": "call", "to_id": "write" }],
    })
}
