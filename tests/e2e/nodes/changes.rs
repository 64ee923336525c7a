//! What is changed through one node is known to the others, without a restart.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{HttpPeer, Server, ServerOptions, Workflow, eventually_within, fixture};

use super::nodes;
use crate::plugins::install;

/// How long a node may take to notice, with a busy machine allowed for.
const NOTICED: Duration = Duration::from_secs(5);

const COUNTER: &[(&str, &[&str])] = &[("wasi:keyvalue/store", &[])];

async fn counting(node: &Server, event: &str) -> Workflow {
    let workflow = Workflow::create(&node.client(), event, json!({ "allowReentry": true })).await;
    workflow.chain(&[("KEYVALUE_COUNTER", "count", json!({ "key": "visits" }))]).await;
    workflow
}

async fn offers(node: &Server, digest: &Value) -> bool {
    let all = node.client().get("/v1/plugins").await.expect(200).to_string();
    all.contains(digest.as_str().expect("a digest"))
}

async fn a_plugin_is_followed(options: ServerOptions) {
    let nodes = nodes(2, options).await;
    let plugin = install(&nodes[0].client(), fixture("keyvalue-counter"), COUNTER).await;
    // A step is run where its event came in: there the plugin may not be known yet.
    let workflow = counting(&nodes[0], "go").await.on(&nodes[1].client());
    nodes[1].client().track("go", "ada@example.org", json!({})).await;
    let ended = workflow.finished().await;
    assert_eq!(ended["status"], "COMPLETED", "{ended:#}");
    assert!(offers(&nodes[1], &plugin["digest"]).await);
    let path = format!("/v1/plugins/{}", plugin["digest"].as_str().expect("a digest"));
    let gone = nodes[1].client().delete(&path).await;
    assert!([200, 204].contains(&gone.status), "{:#}", gone.body);
    eventually_within(NOTICED, "the plugin gone at the first node", || async {
        (!offers(&nodes[0], &plugin["digest"]).await).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_plugin_installed_through_one_node_runs_at_another_and_is_removed_at_both() {
    a_plugin_is_followed(ServerOptions::default()).await;
}

#[tokio::test]
async fn without_notifications_plugins_are_followed_by_looking() {
    a_plugin_is_followed(ServerOptions::default().set("STEPWELL_DATABASE_NOTIFY", "off")).await;
}

#[tokio::test]
async fn a_grant_given_at_one_node_holds_at_another() {
    let nodes = nodes(2, ServerOptions::default()).await;
    let peer = HttpPeer::start().await;
    let grants = |hosts: &[&str]| {
        json!({ "grants": [
            { "import": "wasi:http/outgoing-handler", "scope": hosts }, { "import": "wasi:keyvalue/store", "scope": [] },
        ] })
    };
    let http: (&str, &[&str]) = ("wasi:http/outgoing-handler", &["example.org"]);
    let plugin = install(&nodes[0].client(), fixture("ungranted"), &[http, ("wasi:keyvalue/store", &[])]).await;
    let asks = Workflow::create(&nodes[0].client(), "go", json!({ "allowReentry": true })).await;
    asks.chain(&[("UNGRANTED", "ask", json!({ "url": peer.url("/x") }))]).await;
    let asks = asks.on(&nodes[1].client());
    nodes[1].client().track("go", "ada@example.org", json!({})).await;
    assert_eq!(asks.finished().await["status"], "FAILED");
    let path = format!("/v1/plugins/{}/grants", plugin["digest"].as_str().expect("a digest"));
    let client = nodes[0].client();
    client.send(client.request(Method::PUT, &path).json(&grants(&["127.0.0.1"]))).await.expect(200);
    nodes[1].client().track("go", "bob@example.org", json!({})).await;
    assert_eq!(asks.newest_in(&["COMPLETED", "FAILED"]).await["status"], "COMPLETED");
    assert_eq!(peer.received().len(), 1);
}

#[tokio::test]
async fn an_edit_through_one_node_counts_at_another_at_once() {
    let nodes = nodes(2, ServerOptions::default()).await;
    let clients = [nodes[0].client(), nodes[1].client()];
    let workflow = Workflow::create(&clients[0], "go", json!({ "allowReentry": true })).await;
    let ids = workflow.chain(&[("EXIT", "end", json!({ "reason": "before" }))]).await;
    for (round, reason) in ["one", "two", "three"].into_iter().enumerate() {
        let (edits, runs) = (&clients[round % 2], &clients[(round + 1) % 2]);
        let path = workflow.path(&format!("/steps/{}", ids[0]));
        edits.patch(&path, json!({ "config": { "reason": reason } })).await.expect(200);
        runs.track("go", &format!("c{round}@example.org"), json!({})).await;
        let ended = workflow.on(runs).newest_in(&["EXITED"]).await;
        assert_eq!(ended["exitReason"], reason);
    }
}

#[tokio::test]
async fn a_revoked_key_and_a_disabled_workspace_are_noticed_by_all() {
    let nodes = nodes(2, ServerOptions::default()).await;
    let body = json!({ "name": "short-lived", "kind": "secret", "scopes": ["*"] });
    let made = nodes[0].client().post("/v1/keys", body).await.expect(201);
    let client = nodes[1].client_with(made["key"].as_str());
    client.get("/contacts").await.expect(200);
    let path = format!("/v1/keys/{}", made["id"].as_str().expect("an id"));
    nodes[0].client().delete(&path).await;
    eventually_within(NOTICED, "the key refused", || async {
        (client.get("/contacts").await.code() == "INVALID_API_KEY").then_some(())
    })
    .await;
    let disabled = nodes[0].command(&["workspace", "disable", "Default"]).await;
    assert!(disabled.status.success(), "{}", String::from_utf8_lossy(&disabled.stderr));
    for node in &nodes {
        eventually_within(NOTICED, "the workspace disabled", || async {
            let reply = node.client().post("/contacts", json!({ "email": "ada@example.org" })).await;
            (reply.code() == "PROJECT_DISABLED").then_some(())
        })
        .await;
    }
}

/// An empty database has no workspace yet: servers that start together agree on one.
#[tokio::test]
async fn servers_that_start_together_on_an_empty_database_agree_on_its_workspace() {
    let mut first = ServerOptions::default().start().await;
    first.terminate().await;
    let schema = first.schema().expect("a schema");
    // The key under which compiled components are accepted stays: to compile them takes long.
    schema.sql("truncate workspace cascade").expect("no workspace");
    schema.sql("delete from setting where name = 'first-workspace'").expect("no name for one");
    let (one, two, three) = tokio::join!(first.start_node(), first.start_node(), first.start_node());
    assert_eq!(schema.sql("select count(*) from workspace").expect("asked").trim(), "1");
    let home = schema.sql("select id from workspace").expect("asked").trim().to_owned();
    for node in [one, two, three] {
        assert_eq!(node.client().get("/v1/workspace").await.expect(200)["id"], home);
    }
}
