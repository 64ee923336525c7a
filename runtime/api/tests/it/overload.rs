//! More requests than the database keeps up with: those that are taken are kept, the others are told when to come back, and nothing
//! grows without bound.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use stepwell_api::ApiOptions;
use stepwell_store::StoreError;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::server::{Answer, Server};

/// What may wait: requests, and of these the writes of one workspace. The rest waits in vain for a place among them.
const REQUESTS: usize = 1_100;
const WRITES: usize = 1_024;

/// Keeps the connection that writes busy, as a slow disk does, until a permit is there.
async fn stall(server: &Server) -> Arc<Semaphore> {
    let (release, (began, begins)) = (Arc::new(Semaphore::new(0)), tokio::sync::oneshot::channel::<()>());
    let (store, held, began) = (server.store().clone(), release.clone(), Arc::new(std::sync::Mutex::new(Some(began))));
    tokio::spawn(async move {
        let job = store.write::<(), StoreError, _>(move |_| {
            Box::pin(async move {
                drop(began.lock().expect("lock").take());
                drop(held.acquire().await);
                Ok(())
            })
        });
        job.await.expect("released");
    });
    assert!(begins.await.is_err()); // it was dropped: the job runs
    release
}

fn track(server: &Server, n: usize) -> Request<Body> {
    let body = json!({ "event": "signed_up", "email": format!("u{n}@example.org") });
    let request = Request::post("/v1/track").header("authorization", format!("Bearer {}", server.key));
    request.header("content-type", "application/json").body(Body::from(body.to_string())).expect("a request")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_cannot_keep_up_with_is_refused_for_now_and_what_was_taken_is_kept() {
    let options = ApiOptions { max_requests: REQUESTS, body_budget: 1 << 30, ..ApiOptions::default() };
    let server = Arc::new(Server::start_with(options).await);
    let release = stall(&server).await;
    let mut calls = JoinSet::new();
    for n in 0..REQUESTS + 100 {
        let server = server.clone();
        calls.spawn(async move { server.call(track(&server, n)).await });
    }
    let mut refused: Vec<Answer> = Vec::new();
    while refused.len() < REQUESTS + 100 - WRITES {
        refused.push(calls.join_next().await.expect("some are refused").expect("an answer"));
    }
    for answer in &refused {
        assert_eq!(answer.refusal(), (503, "SERVICE_UNAVAILABLE".into()));
        assert_eq!(answer.headers["retry-after"], "1");
    }
    // Somebody may ask whether it lives.
    assert_eq!(server.get("/health").await.status, 200);
    release.add_permits(1);
    while let Some(answer) = calls.join_next().await {
        answer.expect("an answer").ok();
    }
    let stats = server.get("/contacts?limit=1").await.ok();
    assert_eq!(stats["total"], WRITES);
    server.call(track(&server, 0)).await.ok();
}
