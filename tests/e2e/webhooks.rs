//! Webhooks against a real HTTP server (spec plunk-workflows, 8.6, 14 number 13, 15).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use stepwell_tests::{Client, HttpPeer, Received, Script, Server, ServerOptions, Workflow};

async fn with_webhook(client: &Client, config: Value) -> (Workflow, String) {
    let workflow = Workflow::create(client, "signed_up", json!({})).await;
    let ids = workflow.chain(&[("WEBHOOK", "hook", config)]).await;
    (workflow, ids[0].clone())
}

#[tokio::test]
async fn the_default_body_tells_what_the_spec_lists_and_who_what_and_where() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    let client = server.client();
    let (workflow, step) = with_webhook(&client, json!({ "url": peer.url("/hook") })).await;
    client.track("signed_up", "ada@example.org", json!({ "plan": "pro" })).await;
    let execution = workflow.finished().await;
    let received = &peer.received()[0];
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/hook"));
    assert_eq!(received.header("content-type"), "application/json");
    let body = &received.body;
    assert_eq!(body["contact"]["email"], "ada@example.org");
    assert_eq!((&body["contact"]["subscribed"], &body["contact"]["data"]), (&json!(true), &json!({ "plan": "pro" })));
    assert_eq!(body["contact"]["id"], execution["contactId"]);
    assert_eq!((&body["workflow"]["id"], &body["workflow"]["name"]), (&json!(workflow.id), &json!("on signed_up")));
    assert_eq!(body["execution"]["id"], execution["id"]);
    assert!(body["execution"]["startedAt"].is_string());
    assert_eq!(body["event"], json!({ "plan": "pro" }));
    assert_eq!(body["eventName"], "signed_up");
    assert_eq!(body["step"]["id"], json!(step));
    let output = &Workflow::visit(&execution, "hook")["output"];
    assert_eq!((&output["statusCode"], &output["success"]), (&json!(200), &json!(true)));
    assert_eq!((&output["method"], &output["response"]), (&json!("POST"), &json!({ "ok": true })));
}

#[tokio::test]
async fn a_webhook_is_signed_by_the_standard_webhooks_specification() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    let client = server.client();
    let secret = client.get("/v1/workspace").await.expect(200)["webhookSigningSecret"].clone();
    let secret = secret.as_str().and_then(|text| text.strip_prefix("whsec_")).expect("a whsec_ secret").to_owned();
    let (workflow, _) = with_webhook(&client, json!({ "url": peer.url("/hook") })).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.finished().await;
    let received = &peer.received()[0];
    assert_eq!(received.header("webhook-signature"), format!("v1,{}", signature(&secret, received)));
    assert!(!received.header("webhook-id").is_empty());
}

fn signature(secret: &str, received: &Received) -> String {
    let key = STANDARD.decode(secret).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(format!("{}.{}.", received.header("webhook-id"), received.header("webhook-timestamp")).as_bytes());
    mac.update(&received.raw);
    STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn an_answer_of_500_leaves_the_step_completed_without_success() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    peer.script(Script::of(500, "down"));
    let client = server.client();
    let (workflow, _) = with_webhook(&client, json!({ "url": peer.url("/hook") })).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let execution = workflow.finished().await;
    assert_eq!(execution["status"], "COMPLETED");
    let output = &Workflow::visit(&execution, "hook")["output"];
    assert_eq!((&output["success"], &output["statusCode"]), (&json!(false), &json!(500)));
    assert_eq!(output["response"], "down");
}

#[tokio::test]
async fn url_headers_and_body_are_templates() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    let client = server.client();
    let config = json!({
        "url": format!("{}/{{{{ data.plan }}}}", peer.url("")), "method": "PUT",
        "headers": { "X-Who": "{{ email }}" },
        "body": { "greeting": "Hello {{ first ?? friend }}", "n": 3 },
    });
    let (workflow, _) = with_webhook(&client, config).await;
    client.track("signed_up", "ada@example.org", json!({ "plan": "pro" })).await;
    workflow.finished().await;
    let received = &peer.received()[0];
    assert_eq!((received.method.as_str(), received.path.as_str()), ("PUT", "/pro"));
    assert_eq!(received.header("x-who"), "ada@example.org");
    assert_eq!(received.body, json!({ "greeting": "Hello friend", "n": 3 }));
}

#[tokio::test]
async fn a_busy_receiver_is_tried_again_under_the_same_id() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    peer.script(Script::of(503, "busy").header("retry-after", "0"));
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let body = json!({
        "type": "WEBHOOK", "name": "hook", "position": {"x": 0, "y": 0}, "config": { "url": peer.url("/hook") },
        "retry": { "maxAttempts": 3, "initialDelayMs": 10, "maxDelayMs": 10 },
    });
    client.post(&workflow.path("/steps"), body).await.expect(201);
    client.track("signed_up", "ada@example.org", json!({})).await;
    let execution = workflow.finished().await;
    let visit = Workflow::visit(&execution, "hook");
    assert_eq!((&visit["output"]["success"], &visit["attempt"]), (&json!(true), &json!(2)));
    let ids: Vec<_> = peer.received().iter().map(|received| received.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_fails_the_step() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    peer.script(Script::of(200, "late").after(std::time::Duration::from_secs(30)));
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let body = json!({
        "type": "WEBHOOK", "name": "hook", "position": {"x": 0, "y": 0},
        "config": { "url": peer.url("/hook"), "timeoutMs": 200 }, "retry": { "maxAttempts": 1 },
    });
    client.post(&workflow.path("/steps"), body).await.expect(201);
    client.track("signed_up", "ada@example.org", json!({})).await;
    let execution = workflow.finished().await;
    assert_eq!(execution["status"], "FAILED");
    assert_eq!(Workflow::visit(&execution, "hook")["status"], "FAILED");
    assert!(Workflow::visit(&execution, "hook")["error"].is_string());
}

#[tokio::test]
async fn an_address_of_a_private_network_is_refused() {
    let peer = HttpPeer::start().await;
    let server = ServerOptions::default().set("STEPWELL_ALLOW_NETWORK", "").start().await;
    let client = server.client();
    let (workflow, _) = with_webhook(&client, json!({ "url": peer.url("/hook") })).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let execution = workflow.finished().await;
    assert_eq!(execution["status"], "FAILED");
    assert!(peer.received().is_empty());
    // By name as well: the name is allowed, the address it resolves to is not.
    let by_name = peer.url("/hook").replace("127.0.0.1", "localhost");
    let other = Workflow::create(&client, "other", json!({})).await;
    other.chain(&[("WEBHOOK", "hook", json!({ "url": by_name }))]).await;
    client.track("other", "ada@example.org", json!({})).await;
    assert_eq!(other.finished().await["status"], "FAILED");
    assert!(peer.received().is_empty());
}

#[tokio::test]
async fn a_redirect_to_another_host_loses_the_configured_headers() {
    let (server, first, second) = (Server::start().await, HttpPeer::start().await, HttpPeer::start().await);
    first.script(Script::of(307, "").header("location", &second.url("/moved")));
    let client = server.client();
    let config = json!({ "url": first.url("/hook"), "headers": { "X-Secret": "s3cret" } });
    let (workflow, _) = with_webhook(&client, config).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let execution = workflow.finished().await;
    assert_eq!(execution["status"], "COMPLETED", "{execution:#}");
    assert_eq!(first.received()[0].header("x-secret"), "s3cret");
    assert_eq!((second.received()[0].path.as_str(), second.received()[0].header("x-secret")), ("/moved", ""));
}

#[tokio::test]
async fn later_steps_can_use_the_answer() {
    let (server, peer) = (Server::start().await, HttpPeer::start().await);
    peer.script(Script::of(200, r#"{"score": 9}"#));
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow
        .chain(&[
            ("WEBHOOK", "score", json!({ "url": peer.url("/score") })),
            ("UPDATE_CONTACT", "keep", json!({ "data": { "score": "{{ steps.score.response.score }}" } })),
            (
                "CONDITION",
                "good",
                json!({ "field": "steps.score.response.score", "operator": "greaterThan", "value": 5 }),
            ),
        ])
        .await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let execution = workflow.finished().await;
    assert_eq!(Workflow::visit(&execution, "good")["output"]["branch"], "yes");
    assert_eq!(Workflow::visit(&execution, "keep")["output"]["newData"]["score"], "9");
}
