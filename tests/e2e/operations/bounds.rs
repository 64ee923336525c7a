//! Storage stays bounded: under a bound on ended executions a server that is never idle keeps no more than that, and its file
//! does not grow.
//!
//! `STEPWELL_FULL=1` runs 200,000 executions in place of 4,000. The engine has a test like this one, which runs more of them. Where
//! the database is no file it is only counted what is kept, of fewer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use stepwell_tests::{Client, Server, ServerOptions, Workflow, eventually};
use tokio::task::JoinSet;

/// The bound.
const KEPT: u64 = 300;
/// Requests at once.
const LANES: u64 = 32;
/// Contacts, who enter again and again.
const CONTACTS: u64 = 100;
/// What the file may have at most beyond what it had a third of the way: what has ended since the last look, and what runs.
const MORE: u64 = 4 * 1024 * 1024;
/// The most of SQLite's log beside the file.
const LOG: u64 = 64 * 1024 * 1024;

fn runs(server: &Server) -> u64 {
    match std::env::var_os("STEPWELL_FULL").is_some_and(|value| value != "0") {
        true => 200_000,
        false if server.schema().is_some() => 1_000,
        false => 4_000,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_does_not_grow_beyond_what_a_bound_on_executions_lets_it_keep() {
    let server = ServerOptions::default().set("STEPWELL_RETENTION_EXECUTIONS", KEPT).start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({ "allowReentry": true })).await;
    let set = json!({ "data": { "welcomed": true } });
    workflow.chain(&[("UPDATE_CONTACT", "mark", set), ("EXIT", "end", json!({}))]).await;
    let runs = runs(&server);
    let began = Instant::now();
    // Until here the file takes the size that it needs under load: what ends faster than it is pruned included.
    let first = watched(&server, run(&client, runs / 3)).await;
    ended(&workflow, KEPT).await;
    let largest = watched(&server, run(&client, runs - runs / 3)).await;
    let rate = runs as f64 / began.elapsed().as_secs_f64();
    eventually("no more executions than are kept", || async { (total(&workflow).await <= KEPT).then_some(()) }).await;
    println!(
        "{runs} executions, {rate:.0}/s, {KEPT} kept; the file a third of the way {} KiB, then at most {} KiB; the log at most {} KiB",
        first.file / 1024,
        largest.file / 1024,
        largest.log / 1024
    );
    assert!(largest.file <= first.file + MORE, "{largest:?} after {first:?}");
    assert!(largest.log <= LOG, "{largest:?}");
    assert_eq!(total(&workflow).await, KEPT, "and no fewer");
}

/// Sends so many events, over several connections at once.
async fn run(client: &Client, events: u64) {
    let next = Arc::new(AtomicU64::new(0));
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let (client, next) = (client.clone(), Arc::clone(&next));
        lanes.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= events {
                    return;
                }
                let email = format!("c{}@example.org", number % CONTACTS);
                client.track("signed_up", &email, json!({ "plan": "pro" })).await;
            }
        });
    }
    lanes.join_all().await;
}

async fn ended(workflow: &Workflow, executions: u64) {
    eventually("all executions ended", || async {
        (count(workflow, "&status=EXITED").await >= executions).then_some(())
    })
    .await;
}

async fn total(workflow: &Workflow) -> u64 {
    count(workflow, "").await
}

async fn count(workflow: &Workflow, filter: &str) -> u64 {
    let page = workflow.page(filter).await;
    page["total"].as_u64().expect("a total")
}

/// How many bytes a database has on disk; nothing where it is not a file of the server's.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    file: u64,
    log: u64,
}

fn size(folder: &Path) -> Size {
    let bytes = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
    Size { file: bytes("stepwell.db"), log: bytes("stepwell.db-wal") }
}

/// The largest size that is seen while something runs.
async fn watched(server: &Server, work: impl Future<Output = ()>) -> Size {
    let (mut largest, mut work) = (Size::default(), std::pin::pin!(work));
    loop {
        let now = size(server.data());
        largest = Size { file: largest.file.max(now.file), log: largest.log.max(now.log) };
        tokio::select! {
            () = &mut work => return largest,
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
    }
}
