//! Email, from a workflow's step to a real SMTP server and back through the links in it (spec plunk-workflows, 8.2, 9 and 12 to 15).

mod consent;
mod delivery;
mod sending;
mod tracking;

use std::time::Duration;

use serde_json::{Value, json};
use stepwell_tests::{Client, Reply, Server, ServerOptions, SmtpPeer, Workflow, eventually};

/// A server that delivers to a peer.
async fn start() -> (Server, SmtpPeer) {
    let smtp = SmtpPeer::start().await;
    let server = ServerOptions::default().set("STEPWELL_SMTP_URL", smtp.url()).start().await;
    (server, smtp)
}

/// A template of a type, and its id.
async fn template(client: &Client, kind: &str, subject: &str, body: &str) -> String {
    let wanted = json!({
        "name": kind, "subject": subject, "body": body, "from": "team@example.org",
        "fromName": "The Team", "replyTo": "help@example.org", "type": kind,
    });
    let made = client.post("/templates", wanted).await.expect(201);
    made["id"].as_str().expect("an id").to_owned()
}

/// A workflow on `event` that sends this template and ends.
async fn sends(client: &Client, event: &str, template: &str) -> Workflow {
    let workflow = Workflow::create(client, event, json!({ "allowReentry": true })).await;
    workflow.chain(&[("SEND_EMAIL", "mail", json!({ "templateId": template }))]).await;
    workflow
}

/// A message of the outbox.
async fn message(client: &Client, id: &Value) -> Value {
    client.get(&format!("/v1/messages/{}", id.as_str().expect("an id"))).await.expect(200)
}

/// Waits until a message has a status, and gives it.
async fn message_in(client: &Client, id: &Value, status: &str) -> Value {
    eventually(&format!("message {id} in {status}"), || async {
        let message = message(client, id).await;
        (message["status"] == status).then_some(message)
    })
    .await
}

/// The stored events of a name.
async fn events(client: &Client, name: &str) -> Vec<Value> {
    let page = client.get(&format!("/events?eventName={name}")).await.expect(200);
    page["events"].as_array().cloned().unwrap_or_default()
}

/// Waits until so many events of a name are stored.
async fn events_when(client: &Client, name: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} events {name}"), || async {
        let found = events(client, name).await;
        (found.len() >= count).then_some(found)
    })
    .await
}

/// The addresses in an HTML text that begin like this.
fn links(html: &str, beginning: &str) -> Vec<String> {
    let starts = html.match_indices(beginning).map(|(start, _)| &html[start..]);
    starts.map(|rest| rest.split(['"', '\'', '<', ' ', '>']).next().unwrap_or_default().to_owned()).collect()
}

/// Follows a link as a mail program does: without a key.
async fn follow(server: &Server, method: reqwest::Method, link: &str) -> Reply {
    let anyone = server.client_with(None);
    let path = link.strip_prefix(server.address()).unwrap_or_else(|| panic!("{link} leads to this server"));
    anyone.send(anyone.request(method, path).timeout(Duration::from_secs(10))).await
}
