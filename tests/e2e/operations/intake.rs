//! Idempotency keys and rate limits.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, Reply, Server, ServerOptions, Workflow};

async fn track_under(client: &Client, key: &str, body: &Value) -> Reply {
    let request = client.request(Method::POST, "/v1/track").header("idempotency-key", key);
    client.send(request.json(body)).await
}

async fn count(client: &Client, name: &str) -> usize {
    let page = client.get(&format!("/events?eventName={name}&limit=1000")).await.expect(200);
    page["events"].as_array().expect("events").len()
}

/// Exactly one start.
#[tokio::test]
async fn an_event_that_comes_a_hundred_times_at_once_under_one_key_starts_one_execution() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "paid", json!({ "allowReentry": true })).await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    let body = json!({ "event": "paid", "email": "ada@example.org" });
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (client, body) = (client.clone(), body.clone());
            tokio::spawn(async move { track_under(&client, "order 1", &body).await })
        })
        .collect();
    let mut taken = 0;
    for call in calls {
        let reply = call.await.expect("a call");
        taken += usize::from(reply.status == 200);
        assert!(reply.status == 200 || reply.code() == "IDEMPOTENCY_KEY_REUSED", "{} {:#}", reply.status, reply.body);
    }
    assert_eq!((taken, count(&client, "paid").await, workflow.executions().await.len()), (1, 1, 1));
}

/// 10.1
#[tokio::test]
async fn an_idempotency_key_is_taken_once_and_given_back_by_a_request_that_was_refused() {
    let server = Server::start().await;
    let client = server.client();
    let good = json!({ "event": "paid", "email": "ada@example.org" });
    let refused = track_under(&client, "order 1", &json!({ "event": "paid", "email": "nobody" })).await;
    assert_eq!(refused.status, 422);
    track_under(&client, "order 1", &good).await.expect(200);
    let again = track_under(&client, "order 1", &json!({ "event": "other", "email": "bob@example.org" })).await;
    assert_eq!((again.status, again.code()), (409, "IDEMPOTENCY_KEY_REUSED"));
    let details = &again.body["error"]["details"];
    assert_eq!((&details["key"], &details["originalStatusCode"]), (&json!("order 1"), &json!(200)));
    assert_eq!(details["originalRequest"], "POST /v1/track");
    assert!(details["originalRequestAt"].as_str().is_some_and(|time| time.ends_with('Z')), "{details:#}");
    assert_eq!((count(&client, "paid").await, count(&client, "other").await), (1, 0));
    let too_long = track_under(&client, &"k".repeat(256), &good).await;
    assert_eq!((too_long.status, too_long.code()), (422, "VALIDATION_ERROR"));
    track_under(&client, "order 2", &good).await.expect(200);
    assert_eq!(count(&client, "paid").await, 2);
}

#[tokio::test]
async fn of_simultaneous_requests_under_one_key_one_is_taken() {
    let server = Server::start().await;
    let client = server.client();
    let calls = (0..30).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            track_under(&client, "k", &json!({ "event": "paid", "email": "ada@example.org" })).await.status
        })
    });
    let mut statuses = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        statuses.push(call.await.expect("an answer"));
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 29, "{statuses:?}");
    assert_eq!(count(&client, "paid").await, 1);
}

#[tokio::test]
async fn a_key_outlives_a_kill() {
    let mut server = Server::start().await;
    let body = json!({ "event": "paid", "email": "ada@example.org" });
    track_under(&server.client(), "k", &body).await.expect(200);
    server.kill_and_restart().await;
    assert_eq!(track_under(&server.client(), "k", &body).await.status, 409);
}

/// Sends many requests at once and gives the answers.
async fn flood(client: &Client, requests: usize) -> Vec<Reply> {
    let lanes = (0..20).map(|lane| {
        let client = client.clone();
        tokio::spawn(async move {
            let mut replies = Vec::new();
            for n in (lane..requests).step_by(20) {
                let body = json!({ "event": "paid", "email": format!("c{n}@example.org") });
                replies.push(client.post("/v1/track", body).await);
            }
            replies
        })
    });
    let mut replies = Vec::new();
    for lane in lanes.collect::<Vec<_>>() {
        replies.extend(lane.await.expect("answers"));
    }
    replies
}

/// 1.4
#[tokio::test]
async fn too_many_events_at_once_are_refused_until_later_where_limits_are_on() {
    let server = ServerOptions::default().set("STEPWELL_RATE_LIMITS", "on").start().await;
    let client = server.client();
    let mut replies = Vec::new();
    // The bucket holds 200 and fills with 100 a second, so at some pace it runs dry.
    while !replies.iter().any(|reply: &Reply| reply.status == 429) && replies.len() < 20_000 {
        replies.extend(flood(&client, 500).await);
    }
    let statuses: BTreeSet<_> = replies.iter().map(|reply| reply.status).collect();
    if statuses.len() == 1 {
        // A machine too slow to empty the bucket shows its state at least.
        assert!(replies.iter().all(|reply| reply.header("ratelimit-limit") == "200"));
        return;
    }
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 429]);
    let refused = replies.iter().find(|reply| reply.status == 429).expect("a refusal");
    assert_eq!(refused.code(), "RATE_LIMIT_EXCEEDED");
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=10).contains(&seconds), "{seconds}");
    assert_eq!(refused.body["error"]["details"]["retryAfter"], seconds);
    for reply in &replies {
        assert_eq!(reply.header("ratelimit-limit"), "200");
        assert!(!reply.header("ratelimit-remaining").is_empty() && !reply.header("ratelimit-reset").is_empty());
    }
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    let taken = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(client.get("/events/stats").await.expect(200)[0]["count"], taken);
}

#[tokio::test]
async fn without_limits_nothing_is_refused() {
    let server = Server::start().await;
    let replies = flood(&server.client(), 600).await;
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.header("ratelimit-limit").is_empty()));
}
