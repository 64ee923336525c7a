//! What the mail server's answers mean.

use serde_json::json;
use stepwell_tests::{Workflow, eventually};

use super::{events, events_when, message_in, sends, start, template};

#[tokio::test]
async fn an_address_that_does_not_exist_bounces_once_and_is_suppressed() {
    let (server, smtp) = start().await;
    let client = server.client();
    let marketing = template(&client, "MARKETING", "News", "<p>Hi</p>").await;
    let workflow = sends(&client, "signed_up", &marketing).await;
    client.track("signed_up", "bounce@example.org", json!({})).await;
    let id = Workflow::visit(&workflow.finished().await, "mail")["output"]["emailId"].clone();
    let bounced = message_in(&client, &id, "BOUNCED").await;
    assert!(bounced["error"].as_str().is_some_and(|text| text.contains("550")), "{bounced:#}");
    let event = events_when(&client, "email.bounce", 1).await.remove(0);
    assert_eq!((&event["emailId"], &event["data"]["bounceType"]), (&id, &json!("Permanent")));
    let suppressed = client.get("/v1/suppressions").await.expect(200);
    assert_eq!(suppressed["data"][0]["email"], "bounce@example.org", "{suppressed:#}");
    // What needs consent is not even tried any more.
    client.track("signed_up", "bounce@example.org", json!({})).await;
    let again = eventually("a second execution", || async {
        let all = workflow.executions().await;
        (all.len() == 2 && all[0]["status"] == "COMPLETED").then(|| all[0]["id"].clone())
    })
    .await;
    let again = workflow.execution(again.as_str().expect("an id")).await;
    message_in(&client, &Workflow::visit(&again, "mail")["output"]["emailId"], "FAILED").await;
    assert_eq!((events(&client, "email.bounce").await.len(), smtp.mails().len()), (1, 0));
}

#[tokio::test]
async fn a_mailbox_that_is_busy_gets_the_email_later_once_and_under_the_same_id() {
    let (server, smtp) = start().await;
    let client = server.client();
    let body =
        json!({ "to": "busy-once@example.org", "subject": "Hi", "body": "<p>Hi</p>", "from": "team@example.org" });
    // To one who is not subscribed only what needs no consent goes out; what is sent by the API is that.
    let sent = client.post("/v1/send", body).await.expect(200);
    let id = sent["data"]["emails"][0]["email"].clone();
    let waits = message_in(&client, &id, "PENDING").await;
    assert!(waits["error"].is_null() || waits["error"].as_str().is_some_and(|text| text.contains("451")), "{waits:#}");
    let done = message_in(&client, &id, "SENT").await;
    assert_eq!(done["attempts"], 2);
    assert_eq!(events_when(&client, "email.sent", 1).await.len(), 1);
    let mails = smtp.mails();
    let host = format!("<{}@127.0.0.1>", id.as_str().expect("an id"));
    assert_eq!(mails.iter().map(|mail| mail.header("message-id").to_owned()).collect::<Vec<_>>(), [host]);
}
