//! Health, metrics, the OpenAPI document and its page, request ids, the log.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Server, ServerOptions, Workflow, eventually};

#[tokio::test]
async fn a_running_server_says_that_it_lives_and_is_ready() {
    let server = Server::start().await;
    let anyone = server.client_with(None);
    for path in ["/health", "/ready"] {
        assert_eq!(anyone.get(path).await.expect(200), json!({ "status": "ok" }), "{path}");
    }
}

#[tokio::test]
async fn metrics_count_requests_executions_and_steps_by_type() {
    let server = Server::start().await;
    let client = server.client();
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow.chain(&[("EXIT", "end", json!({}))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    workflow.finished().await;
    let reply = server.client_with(None).get("/metrics").await;
    assert!(reply.header("content-type").starts_with("text/plain"), "{}", reply.header("content-type"));
    let text = reply.expect(200).as_str().expect("a text").to_owned();
    for name in [
        "stepwell_http_requests_total",
        "stepwell_executions_started_total",
        "stepwell_step_run",
        "stepwell_steps_running",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    assert!(text.contains(r#"route="/v1/track""#) && text.contains(r#"status="200""#), "{text}");
    assert!(text.lines().any(|line| line.contains("stepwell_step") && line.contains("exit")), "{text}");
    // Ids of people and things are no labels.
    assert!(!text.contains(&workflow.id) && !text.contains("ada@example.org"), "{text}");
}

#[tokio::test]
async fn the_openapi_document_is_3_1_and_describes_every_route() {
    let server = Server::start().await;
    let reply = server.client_with(None).get("/openapi.json").await;
    assert_eq!(reply.header("content-type"), "application/json");
    let document = reply.expect(200);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    let paths = document["paths"].as_object().expect("paths");
    for path in ["/workflows", "/v1/track", "/v1/send", "/contacts", "/events", "/templates", "/v1/plugins", "/health"]
    {
        assert!(paths.contains_key(path), "{path}");
    }
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("an item") {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string() && operation["operationId"].is_string(), "{name}");
            let answers = operation["responses"].as_object().expect("responses");
            assert!(answers.keys().any(|status| status.starts_with('2') || status.starts_with('3')), "{name}");
        }
    }
    let operations = paths.values().flat_map(|item| item.as_object().expect("an item").values());
    let ids: Vec<_> = operations.map(|operation| operation["operationId"].to_string()).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "operation ids are unique");
    let printed = server.command(&["openapi"]).await;
    let printed: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!(printed["paths"], document["paths"]);
}

#[tokio::test]
async fn the_reference_page_works_without_a_network() {
    let server = Server::start().await;
    let anyone = server.client_with(None);
    let moved = anyone.get("/docs").await;
    assert!([200, 303, 307, 308].contains(&moved.status), "{}", moved.status);
    let page = anyone.get("/docs/index.html").await;
    assert!(page.header("content-type").starts_with("text/html"));
    let html = page.expect(200).as_str().expect("HTML").to_owned();
    let mut files = 0;
    for attribute in ["src=\"", "href=\""] {
        for address in html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(!address.contains("://") && !address.starts_with("//"), "the page loads {address}");
            let name = address.trim_start_matches("./").trim_start_matches("/docs/");
            let file = anyone.get(&format!("/docs/{name}")).await;
            assert_eq!(file.status, 200, "{address}");
            files += 1;
        }
    }
    assert!(files > 2, "{html}");
    let start = anyone.get("/docs/swagger-initializer.js").await.expect(200);
    assert!(start.to_string().contains("/openapi.json") && !start.to_string().contains("petstore"), "{start}");
    assert_eq!(anyone.get("/docs/no-such-file").await.status, 404);
    assert_eq!(anyone.get("/docs/..%2fCargo.toml").await.status, 404);
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let server = Server::start().await;
    let client = server.client();
    let anyone = server.client_with(None);
    let mut replies = vec![
        client.get("/workflows").await,
        client.get("/workflows/x").await,
        client.post("/workflows", json!({})).await,
        client.delete("/workflows").await,
        anyone.get("/workflows").await,
        anyone.get("/nowhere").await,
        anyone.get("/health").await,
        anyone.get("/ready").await,
        anyone.get("/metrics").await,
        anyone.get("/openapi.json").await,
        anyone.get("/docs").await,
        anyone.get("/docs/index.html").await,
        client
            .track("x", "ada@example.org", json!({}))
            .await
            .is_object()
            .then_some(client.get("/contacts").await)
            .expect("a reply"),
    ];
    let preflight = anyone.request(Method::OPTIONS, "/v1/track").header("origin", "https://shop.example");
    let preflight = anyone.send(preflight.header("access-control-request-method", "POST")).await;
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    replies.push(preflight);
    let ids: BTreeSet<_> = replies.iter().map(|reply| reply.header("x-request-id").to_owned()).collect();
    assert_eq!(ids.len(), replies.len(), "{ids:?}");
    assert!(ids.iter().all(|id| uuid::Uuid::parse_str(id).is_ok()), "{ids:?}");
}

#[tokio::test]
async fn a_request_is_found_in_the_log_by_its_id() {
    let options = ServerOptions::default().set("STEPWELL_LOG", "debug").set("STEPWELL_LOG_FORMAT", "json");
    let server = options.keep_log().start().await;
    let reply = server.client().get("/workflows/x").await;
    let id = reply.header("x-request-id").to_owned();
    let line = eventually("a line of the log", || async {
        let line = server.log().into_iter().find(|line| line.contains(&id))?;
        serde_json::from_str::<Value>(&line).ok()
    })
    .await;
    assert_eq!(line["span"]["request_id"], id, "{line:#}");
    assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line:#}");
    assert!(!server.log().join("\n").contains(server.key()), "the log has a key");
}
