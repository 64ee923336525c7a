//! From one kind of database to the other: export, import, and what waited goes on there.

use std::path::Path;
use std::process::Output;

use serde_json::json;
use stepwell_tests::{Database, Kind, Server, ServerOptions, Workflow, binary, on_postgres};
use tokio::process::Command;

/// A database of the kind that the tests' servers do not use.
fn other_kind() -> Database {
    Database::new(if on_postgres() { Kind::Sqlite } else { Kind::Postgres }).expect("a database")
}

async fn import(file: &Path, url: &str) -> Output {
    let data = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(binary());
    command.arg("import").arg(file).env("STEPWELL_DATA", data.path()).env("STEPWELL_DATABASE_URL", url);
    command.current_dir(data.path()).output().await.expect("running the binary")
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn what_waits_goes_on_in_the_other_kind_of_database() {
    let mut server = Server::start().await;
    let workflow = Workflow::create(&server.client(), "signed_up", json!({})).await;
    let wait = ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "paid", "timeout": 3600 }));
    workflow.chain(&[wait, ("EXIT", "end", json!({ "reason": "paid" }))]).await;
    server.client().track("signed_up", "ada@example.org", json!({ "source": "web" })).await;
    workflow.newest_in(&["WAITING"]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("moved.stepwell");
    let path = file.to_str().expect("a path in UTF-8");

    let refused = server.command(&["export", path]).await;
    assert!(!refused.status.success() && !file.exists(), "{}", printed(&refused));
    server.terminate().await;
    let exported = server.command(&["export", path]).await;
    assert!(exported.status.success() && printed(&exported).contains("wrote "), "{}", printed(&exported));
    let database = other_kind();
    let imported = import(&file, &database.url()).await;
    assert!(imported.status.success() && printed(&imported).contains("read back"), "{}", printed(&imported));
    let again = import(&file, &database.url()).await;
    assert!(!again.status.success() && printed(&again).contains("is not empty"), "{}", printed(&again));

    // Whoever had a key has it still.
    let there = ServerOptions::default().start_on(database).await;
    let client = there.client_with(Some(server.key()));
    client.track("paid", "ada@example.org", json!({ "amount": 12 })).await;
    let ended = workflow.on(&client).finished().await;
    assert_eq!((&ended["status"], &ended["exitReason"]), (&json!("EXITED"), &json!("paid")));
    assert_eq!(ended["context"], json!({ "source": "web", "amount": 12 }));
    println!("{}{}", printed(&exported), printed(&imported));
}
