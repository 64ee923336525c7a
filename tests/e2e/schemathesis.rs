//! A tester that this project did not write, `schemathesis`, reads `/openapi.json` and calls the live server with thousands of good
//! and bad requests: no 5xx, no undocumented status, content type or header, no body that does not fit its schema.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use stepwell_tests::{Server, Workflow, python};
use tokio::process::Command;

/// A run takes about two minutes.
const LIMIT: Duration = Duration::from_secs(280);

#[tokio::test]
async fn the_server_keeps_to_its_openapi_document() {
    let server = Server::start().await;
    furnish(&server).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(tool());
    command
        .arg("--config-file")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", server.address())])
        .args(["--header", &format!("Authorization: Bearer {}", server.key())])
        .current_dir(folder.path())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.expect("a run within its time");
    let output = output.expect("running schemathesis");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "schemathesis found something:\n{text}");
    assert!(text.contains("No issues found"), "schemathesis tested nothing:\n{text}");
}

/// It lies beside the interpreter of the venv.
fn tool() -> PathBuf {
    python().with_file_name("schemathesis")
}

/// Something to find in every list.
async fn furnish(server: &Server) {
    let client = server.client();
    let body = json!({ "name": "Hello", "subject": "Hi", "body": "<p>Hi</p>", "from": "team@example.org" });
    client.post("/templates", body).await.expect(201);
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "paid", "timeout": 3600 }))]).await;
    client.track("signed_up", "ada@example.org", json!({ "plan": "pro" })).await;
    workflow.newest_in(&["WAITING"]).await;
}
