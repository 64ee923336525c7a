//! Following executions live.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use stepwell_api::ApiOptions;
use stepwell_core::Timestamp;
use stepwell_store::StoreError;
use stepwell_store::prune::{self, Batch};

use super::{OURS, Server, THEIRS, text};

/// A server whose streams end soon, and an execution that has ended, with its journal.
async fn ended() -> (Server, String, Vec<Value>) {
    ended_in(ApiOptions { stream_linger: Duration::from_millis(50), ..ApiOptions::default() }).await
}

/// An execution that has ended.
async fn ended_in(options: ApiOptions) -> (Server, String, Vec<Value>) {
    let server = Server::start_with(options).await;
    let made = server.workflow(json!({ "enabled": true }), &[("EXIT", "end", json!({ "reason": "done" }))]).await;
    let contact = server.contact("ada@example.org").await;
    let run = server.run(&made, contact, "EXITED").await;
    let id = text(&run["id"]);
    let journal = server.get(&made.at(&format!("/executions/{id}/journal"))).await.expect(200);
    (server, format!("/v1/executions/{id}/events"), journal["entries"].as_array().expect("entries").clone())
}

/// A server with an execution that waits.
async fn waiting(options: ApiOptions) -> (Server, String) {
    let server = Server::start_with(options).await;
    let steps = [("WAIT_FOR_EVENT", "w", json!({ "eventName": "go" }))];
    let made = server.workflow(json!({ "enabled": true }), &steps).await;
    let contact = server.contact("ada@example.org").await;
    let run = server.run(&made, contact, "WAITING").await;
    (server, format!("/v1/executions/{}/events", text(&run["id"])))
}

/// The entries in a stream.
fn entries(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|data| serde_json::from_str(data).expect("JSON")).collect()
}

#[tokio::test]
async fn the_whole_journal_is_sent_in_order_and_the_stream_ends_after_the_end() {
    let (server, path, journal) = ended().await;
    let (headers, stream) = server.whole(&path, &[]).await;
    assert_eq!(entries(&stream), journal);
    assert!(stream.starts_with("retry: 1000\n\nid: 1\nevent: execution-started\ndata: {"), "{stream}");
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(headers[name], value);
    }
}

#[tokio::test]
async fn a_stream_begins_behind_what_was_seen_and_the_header_goes_before_the_query() {
    let (server, path, journal) = ended().await;
    let (_, stream) = server.whole(&format!("{path}?after=2"), &[]).await;
    assert_eq!(entries(&stream), journal[2..]);
    let (_, stream) = server.whole(&format!("{path}?after=1"), &[("last-event-id", "3")]).await;
    assert_eq!(entries(&stream), journal[3..]);
    let (_, stream) = server.whole(&path, &[("last-event-id", "9999")]).await;
    assert_eq!(stream, "retry: 1000\n\n");
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_with_the_reason() {
    let (server, path, _) = ended().await;
    assert_eq!(server.call(THEIRS, Method::GET, &path, None).await.code(404), "RESOURCE_NOT_FOUND");
    let nobody = "/v1/executions/00000000-0000-4000-8000-000000000000/events";
    assert_eq!(server.get(nobody).await.code(404), "RESOURCE_NOT_FOUND");
    assert_eq!(server.get("/v1/executions/x/events").await.code(404), "RESOURCE_NOT_FOUND");
    assert_eq!(server.get(&format!("{path}?after=x")).await.field(), "after");
    assert_eq!(server.get(&format!("{path}?after=-1")).await.field(), "after");
    let (_, refused) = server.whole(&path, &[("last-event-id", "x")]).await;
    assert!(refused.contains("Last-Event-ID: must be"), "{refused}");
}

#[tokio::test]
async fn a_stream_shows_that_it_is_alive_and_ends_when_its_key_is_revoked() {
    let options = ApiOptions { stream_beat: Duration::from_millis(20), ..ApiOptions::default() };
    let (server, path) = waiting(options).await;
    let (stream, ()) = tokio::join!(server.whole(&path, &[]), async {
        tokio::task::yield_now().await;
        server.revoke_key().await;
    });
    // The key is trusted for a second after it was looked up.
    assert!(stream.1.contains("\n\n:\n\n"), "{}", stream.1);
}

#[tokio::test]
async fn a_stream_ends_when_its_execution_is_deleted() {
    let (server, path, _) =
        ended_in(ApiOptions { stream_beat: Duration::from_millis(20), ..ApiOptions::default() }).await;
    let batch = Batch { rows: 10, time: Duration::from_secs(10) };
    let prune = server.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move { prune::executions(conn, OURS, Timestamp(i64::MAX), batch).await })
    });
    let (stream, pruned) = tokio::join!(server.whole(&path, &[]), prune);
    assert_eq!(pruned.expect("pruned").deleted, 1);
    assert!(stream.1.starts_with("retry: 1000\n\n") || stream.1.contains("Execution not found"), "{}", stream.1);
}
