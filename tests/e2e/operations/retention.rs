//! What is past its age is deleted, and nothing else.

use serde_json::{Value, json};
use stepwell_tests::{Database, Server, ServerOptions, Workflow, eventually, python};
use tokio::process::Command;

#[tokio::test]
async fn ended_executions_and_events_past_their_age_go_and_the_rest_stays() {
    let mut server = ServerOptions::default().set("STEPWELL_RETENTION_DAYS", 1).start().await;
    let client = server.client();
    let ended = Workflow::create(&client, "ended", json!({})).await;
    ended.chain(&[("EXIT", "end", json!({}))]).await;
    let waiting = Workflow::create(&client, "waiting", json!({})).await;
    waiting.chain(&[("WAIT_FOR_EVENT", "wait", json!({ "eventName": "go" }))]).await;
    client.track("ended", "ada@example.org", json!({})).await;
    client.track("waiting", "ada@example.org", json!({})).await;
    ended.finished().await;
    waiting.newest_in(&["WAITING"]).await;
    server.terminate().await;
    age(&server, 3).await;
    server.restart().await;
    let client = server.client();
    let (ended, waiting) = (ended.on(&client), waiting.on(&client));
    eventually("the ended execution gone", || async { ended.executions().await.is_empty().then_some(()) }).await;
    eventually("the events gone", || async {
        (client.get("/events").await.expect(200)["events"] == Value::from(Vec::<Value>::new())).then_some(())
    })
    .await;
    assert_eq!(waiting.executions().await[0]["status"], "WAITING");
    assert_eq!(client.get("/contacts").await.expect(200)["total"], 1);
    let stats = client.get(&ended.path("/stats")).await.expect(200);
    let end = stats["steps"].as_array().expect("steps").iter().find(|step| step["name"] == "end").cloned();
    assert_eq!(end.expect("the step")["entered"], 1, "counters are kept");
    // Who went through once went through once, whether that can still be seen or not.
    client.track("go", "ada@example.org", json!({})).await;
    assert_eq!(waiting.finished().await["status"], "COMPLETED");
}

/// Makes everything in a stopped server's database older, as if so many days had passed.
async fn age(server: &Server, days: u32) {
    match server.schema() {
        Some(schema) => age_schema(&schema, days),
        None => age_file(&server.data().join("stepwell.db"), days).await,
    }
}

fn age_schema(schema: &Database, days: u32) {
    let script = format!(
        "do $$ declare c record; begin
            for c in select * from information_schema.columns
                where table_schema = current_schema() and column_name like '%at' and data_type = 'bigint' loop
                execute format('update %I set %I = %2$I - {}', c.table_name, c.column_name);
            end loop;
        end $$",
        u64::from(days) * 24 * 60 * 60 * 1000
    );
    schema.sql(&script).expect("an older schema");
}

async fn age_file(database: &std::path::Path, days: u32) {
    let script = r#"
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
past = int(sys.argv[2]) * 24 * 60 * 60 * 1000
for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
    for column in database.execute(f"pragma table_info({table})").fetchall():
        if column[1].endswith("_at"):
            database.execute(f"update {table} set {column[1]} = {column[1]} - ? where typeof({column[1]}) = 'integer'", (past,))
database.commit()
"#;
    let mut command = Command::new(python());
    let status = command.arg("-c").arg(script).arg(database).arg(days.to_string()).status().await.expect("python");
    assert!(status.success());
}
