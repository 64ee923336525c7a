//! `/v1/send`.

use serde_json::{Value, json};
use stepwell_core::{Consent, Message};
use stepwell_store::outbox;
use uuid::Uuid;

use crate::server::Server;

async fn stored(server: &Server, sent: &Value, index: usize) -> Message {
    let id = sent["data"]["emails"][index]["email"].as_str().expect("id").parse().expect("id");
    let mut conn = server.store().reader().await.expect("reader");
    outbox::get(&mut conn, server.workspace, id).await.expect("read").expect("stored")
}

#[tokio::test]
async fn a_message_is_rendered_for_its_recipient_and_queued() {
    let server = Server::start().await;
    let body = json!({
        "to": { "name": "Ada", "email": "Ada@example.org" }, "subject": "Hi {{ name ?? you }}", "body": "<p>{{ plan }}</p>",
        "from": "team@example.org", "name": "Team", "reply": "help@example.org", "headers": { "X-Tag": "a" },
        "data": { "plan": "<pro>", "name": { "value": "Ada", "persistent": false } },
    });
    let sent = server.post("/v1/send", body).await.ok();
    let Message { email, .. } = stored(&server, &sent, 0).await;
    assert_eq!((email.to.as_str(), email.to_name.as_deref()), ("ada@example.org", Some("Ada")));
    assert_eq!((email.subject.as_str(), email.html.as_str()), ("Hi Ada", "<p>&lt;pro&gt;</p>"));
    assert_eq!((email.from.as_str(), email.from_name.as_deref()), ("team@example.org", Some("Team")));
    assert_eq!((email.reply_to.as_deref(), email.consent), (Some("help@example.org"), Consent::Transactional));
    assert_eq!(email.options["headers"], json!({ "X-Tag": "a" }));
    assert_eq!(sent["data"]["emails"][0]["contact"]["email"], "ada@example.org");
    let contact = server.get("/contacts").await.ok()["data"][0].clone();
    assert_eq!((&contact["subscribed"], &contact["data"]), (&json!(false), &json!({ "plan": "<pro>" })));
    let id = sent["data"]["emails"][0]["email"].as_str().expect("id");
    let about = server.get(&format!("/v1/messages/{id}")).await.ok();
    assert_eq!(
        (&about["status"], &about["to"], &about["attempts"]),
        (&json!("PENDING"), &json!("ada@example.org"), &json!(0))
    );
}

#[tokio::test]
async fn a_marketing_template_needs_consent_and_gets_a_footer() {
    let server = Server::start().await;
    let template = json!({ "name": "News", "subject": "News", "body": "<body>Hi</body>", "from": "team@example.org" });
    let template = server.post("/templates", template).await.ok();
    let sent = server.post("/v1/send", json!({ "to": "ada@example.org", "template": template["id"] })).await.ok();
    let Message { email, .. } = stored(&server, &sent, 0).await;
    assert_eq!((email.consent, email.from.as_str()), (Consent::Marketing, "team@example.org"));
    assert!(email.html.contains("/unsubscribe/") && email.html.ends_with("</body>"), "{}", email.html);
    assert_eq!(email.template_id.map(|id| id.to_string()).as_deref(), template["id"].as_str());
}

#[tokio::test]
async fn each_recipient_has_a_message_of_their_own() {
    let server = Server::start().await;
    let body =
        json!({ "to": ["ada@example.org", { "email": "bob@example.org" }], "subject": "Hi", "body": "{{ email }}" });
    let sent = server.post("/v1/send", body).await.ok();
    assert_eq!(stored(&server, &sent, 0).await.email.html, "ada@example.org");
    assert_eq!(stored(&server, &sent, 1).await.email.html, "bob@example.org");
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_named_and_nothing_is_sent() {
    let server = Server::start().await;
    let with = |more: Value| {
        let mut body = json!({ "to": "ada@example.org", "subject": "Hi", "body": "Hi" });
        body.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        body
    };
    let file = |content: &str| json!({ "attachments": [{ "filename": "a.txt", "content": content }] });
    for (body, field) in [
        (with(json!({ "to": "ada" })), "to"),
        (with(json!({ "to": [] })), "to"),
        (with(json!({ "to": ["ada@example.org", { "email": "bob" }] })), "to"),
        (json!({ "to": "ada@example.org", "body": "Hi" }), "subject"),
        (json!({ "to": "ada@example.org", "subject": "Hi" }), "body"),
        (with(json!({ "headers": { "X-A": "a\r\nBcc: x@example.org" } })), "headers.X-A"),
        (with(json!({ "headers": { "Bcc": "x@example.org" } })), "headers.Bcc"),
        (with(json!({ "headers": { "X A": "x" } })), "headers"),
        (with(file("not base64")), "attachments.0.content"),
        (with(json!({ "bcc": "x@example.org" })), "bcc"),
    ] {
        let refused = server.post("/v1/send", body).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.text());
        assert!(refused.wrong().0.starts_with(field), "{field}: {}", refused.text());
    }
    let syntax = server.post("/v1/send", with(json!({ "subject": "{{ a" }))).await;
    assert_eq!(syntax.wrong(), ("subject".into(), "invalid_template".into()));
    let unknown = server.post("/v1/send", json!({ "to": "ada@example.org", "template": Uuid::nil() })).await;
    assert_eq!(unknown.refusal(), (404, "TEMPLATE_NOT_FOUND".into()));
    assert_eq!(server.get("/contacts").await.ok()["total"], 0);
}

#[tokio::test]
async fn a_message_of_nobody_is_not_found() {
    let server = Server::start().await;
    assert_eq!(server.get(&format!("/v1/messages/{}", Uuid::nil())).await.refusal().0, 404);
}
