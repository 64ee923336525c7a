//! Who gets what: subscriptions, the check at delivery, one-click unsubscribing, double opt-in.

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{ServerOptions, SmtpPeer, Workflow};

use super::{events, events_when, follow, links, message, message_in, sends, start, template};

const UNSUBSCRIBED: &str = "contact is unsubscribed from marketing emails";

#[tokio::test]
async fn nothing_that_needs_consent_goes_to_the_unsubscribed_and_the_step_completes() {
    let (server, smtp) = start().await;
    let client = server.client();
    client.post("/contacts", json!({ "email": "ada@example.org", "subscribed": false })).await.expect(201);
    for kind in ["MARKETING", "HEADLESS", "TRANSACTIONAL"] {
        let template = template(&client, kind, kind, "<p>Hi</p>").await;
        let workflow = sends(&client, kind, &template).await;
        client.track(kind, "ada@example.org", json!({})).await;
        let execution = workflow.finished().await;
        assert_eq!(execution["status"], "COMPLETED", "{kind}");
        let id = &Workflow::visit(&execution, "mail")["output"]["emailId"];
        let expected = if kind == "TRANSACTIONAL" { "SENT" } else { "FAILED" };
        let stored = message_in(&client, id, expected).await;
        assert_eq!(stored["error"], if expected == "FAILED" { json!(UNSUBSCRIBED) } else { Value::Null }, "{kind}");
    }
    let subjects: Vec<_> = smtp.mails().iter().map(|mail| mail.header("subject").to_owned()).collect();
    assert_eq!(subjects, ["TRANSACTIONAL"]);
}

#[tokio::test]
async fn a_foreign_recipient_is_not_asked_for_consent() {
    let (server, smtp) = start().await;
    let client = server.client();
    let template = template(&client, "MARKETING", "About {{ email }}", "<p>Hi</p>").await;
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    let recipient = json!({ "type": "CUSTOM", "customEmail": "boss@example.org" });
    workflow.chain(&[("SEND_EMAIL", "mail", json!({ "templateId": template, "recipient": recipient }))]).await;
    client.post("/contacts", json!({ "email": "ada@example.org", "subscribed": false })).await.expect(201);
    client.track("signed_up", "ada@example.org", json!({})).await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!((mail.rcpt_tos, mail.headers.is_empty()), (vec!["boss@example.org".to_owned()], false));
    let output = Workflow::visit(&workflow.finished().await, "mail")["output"].clone();
    assert_eq!((&output["recipientType"], &output["recipientEmail"]), (&json!("CUSTOM"), &json!("boss@example.org")));
}

/// 15.1 number 7
#[tokio::test]
async fn who_unsubscribes_while_an_email_waits_does_not_get_it() {
    let port = free_port();
    let url = format!("smtp://127.0.0.1:{port}");
    let server = ServerOptions::default().set("STEPWELL_SMTP_URL", url).start().await;
    let client = server.client();
    let template = template(&client, "MARKETING", "News", "<p>Hi</p>").await;
    let workflow = sends(&client, "signed_up", &template).await;
    let mut ids = Vec::new();
    for name in ["ada", "bob"] {
        client.track("signed_up", &format!("{name}@example.org"), json!({})).await;
        ids.push(Workflow::visit(&workflow.finished().await, "mail")["output"]["emailId"].clone());
    }
    // Nobody listens: each has been tried once and waits for its next attempt.
    for id in &ids {
        stepwell_tests::eventually("an attempt", || async {
            let message = message(&client, id).await;
            (message["status"] == "PENDING" && message["attempts"] == 1).then_some(())
        })
        .await;
    }
    let ada = contact(&client, "ada@example.org").await;
    client.patch(&format!("/contacts/{ada}"), json!({ "subscribed": false })).await.expect(200);
    let smtp = SmtpPeer::start_on(port).await;
    message_in(&client, &ids[1], "SENT").await;
    let refused = message_in(&client, &ids[0], "FAILED").await;
    assert_eq!(refused["error"], UNSUBSCRIBED);
    let recipients: Vec<_> = smtp.mails().into_iter().flat_map(|mail| mail.rcpt_tos).collect();
    assert_eq!(recipients, ["bob@example.org"]);
}

#[tokio::test]
async fn one_click_ends_a_subscription_once_and_is_an_event_that_starts_workflows() {
    let (server, smtp) = start().await;
    let client = server.client();
    let template = template(&client, "MARKETING", "News", "<p>Hi</p>").await;
    sends(&client, "signed_up", &template).await;
    let farewell = Workflow::create(&client, "contact.unsubscribed", json!({ "allowReentry": true })).await;
    farewell.chain(&[("EXIT", "end", json!({ "reason": "gone" }))]).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let mail = smtp.wait_for(1).await.remove(0);
    let link = mail.header("list-unsubscribe").trim_matches(['<', '>']).to_owned();
    let ada = contact(&client, "ada@example.org").await;
    let subscribed = || async { client.get(&format!("/contacts/{ada}")).await.expect(200)["subscribed"].clone() };
    // Programs that look at every link must not unsubscribe anybody.
    let looked = follow(&server, Method::GET, &link).await;
    assert_eq!((looked.status, subscribed().await), (200, json!(true)));
    let field = mail.header("list-unsubscribe-post").to_owned();
    let anyone = server.client_with(None);
    let path = link.strip_prefix(server.address()).expect("this server");
    for _ in 0..2 {
        let form = anyone.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        let reply = anyone.send(form.body(field.clone())).await;
        assert!([200, 204].contains(&reply.status), "{} {:#}", reply.status, reply.body);
    }
    assert_eq!(subscribed().await, json!(false));
    let ended = farewell.finished().await;
    assert_eq!((&ended["contactId"], &ended["exitReason"]), (&json!(ada), &json!("gone")));
    assert_eq!(events(&client, "contact.unsubscribed").await.len(), 1);
    assert_eq!(farewell.executions().await.len(), 1);
}

#[tokio::test]
async fn the_links_of_a_template_lead_out_of_a_subscription_and_into_it_again() {
    let (server, smtp) = start().await;
    let client = server.client();
    let body = r#"<p><a href="{{ unsubscribeUrl }}">out</a> <a href="{{ subscribeUrl }}">in</a> <a href="{{ manageUrl }}">see</a></p>"#;
    let template = template(&client, "TRANSACTIONAL", "Links", body).await;
    sends(&client, "signed_up", &template).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let mail = smtp.wait_for(1).await.remove(0);
    let ada = contact(&client, "ada@example.org").await;
    let one = |kind: &str| {
        let found = links(&mail.html, &format!("{}/{kind}/", server.address()));
        assert_eq!(found.len(), 1, "{kind}: {}", mail.html);
        found[0].clone()
    };
    for (kind, subscribed) in [("unsubscribe", false), ("subscribe", true)] {
        let reply = follow(&server, Method::POST, &one(kind)).await;
        assert!((200..400).contains(&reply.status), "{kind}: {} {:#}", reply.status, reply.body);
        assert_eq!(client.get(&format!("/contacts/{ada}")).await.expect(200)["subscribed"], subscribed, "{kind}");
    }
    assert_eq!(follow(&server, Method::GET, &one("manage")).await.status, 200);
    // A link is good for what it was made for and nothing else.
    let forged = one("subscribe").replace("/subscribe/", "/unsubscribe/");
    let refused = follow(&server, Method::POST, &forged).await;
    assert!((400..500).contains(&refused.status), "{}", refused.status);
    assert_eq!(client.get(&format!("/contacts/{ada}")).await.expect(200)["subscribed"], true);
}

/// 15.1 number 6
#[tokio::test]
async fn an_opt_in_can_leave_the_subscription_of_those_who_are_known() {
    let server = stepwell_tests::Server::start().await;
    let client = server.client();
    client.post("/contacts", json!({ "email": "ada@example.org" })).await.expect(201);
    let body = |email: &str, preserve: bool| json!({ "event": "opt_in", "email": email, "subscribed": false, "preserveExistingSubscription": preserve });
    let subscribed = |email: &'static str| {
        let client = client.clone();
        async move {
            client.get(&format!("/contacts/{}", contact(&client, email).await)).await.expect(200)["subscribed"].clone()
        }
    };
    for email in ["ada@example.org", "new@example.org"] {
        client.post("/v1/track", body(email, true)).await.expect(200);
    }
    assert_eq!((subscribed("ada@example.org").await, subscribed("new@example.org").await), (json!(true), json!(false)));
    client.post("/v1/track", body("ada@example.org", false)).await.expect(200);
    assert_eq!(subscribed("ada@example.org").await, json!(false));
    events_when(&client, "contact.unsubscribed", 1).await;
}

/// The id of a contact.
async fn contact(client: &stepwell_tests::Client, email: &str) -> String {
    let found = client.post("/contacts/lookup", json!({ "emails": [email] })).await.expect(200);
    found["found"][0]["id"].as_str().unwrap_or_else(|| panic!("no contact {email}")).to_owned()
}

/// A port on which nobody listens.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
