//! What arrives: texts, headers, the footer, and what `/v1/send` does with several recipients.

use serde_json::{Value, json};
use stepwell_tests::Workflow;

use super::{events_when, links, message_in, sends, start, template};

#[tokio::test]
async fn an_email_arrives_with_its_texts_rendered_and_says_who_sent_it() {
    let (server, smtp) = start().await;
    let client = server.client();
    let body = "<p>Dear {{ name }}, {{ data.plan | upcase }} by {{ event.source }}.</p>";
    let template = template(&client, "MARKETING", "Welcome {{ name }} & friends", body).await;
    let workflow = sends(&client, "signed_up", &template).await;
    client.track("signed_up", "ada@example.org", json!({ "name": "Ada", "plan": "pro", "source": "web" })).await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(
        (mail.mail_from.as_str(), mail.rcpt_tos.as_slice()),
        ("team@example.org", &["ada@example.org".into()][..])
    );
    assert_eq!(mail.header("subject"), "Welcome Ada & friends");
    assert_eq!(mail.header("from"), "The Team <team@example.org>");
    assert_eq!((mail.header("to"), mail.header("reply-to")), ("ada@example.org", "help@example.org"));
    assert!(mail.html.contains("<p>Dear Ada, PRO by web.</p>"), "{}", mail.html);
    assert!(mail.text.contains("Dear Ada, PRO by web."), "{}", mail.text);
    let execution = workflow.finished().await;
    let output = &Workflow::visit(&execution, "mail")["output"];
    assert_eq!((&output["recipientType"], &output["recipientEmail"]), (&json!("CONTACT"), &json!("ada@example.org")));
    assert!(output["sentAt"].is_string());
    let sent = message_in(&client, &output["emailId"], "SENT").await;
    assert_eq!((&sent["to"], &sent["subject"]), (&json!("ada@example.org"), &json!("Welcome Ada & friends")));
}

/// 14 number 17
#[tokio::test]
async fn a_fallback_stands_for_what_is_missing_null_empty_or_false() {
    let (server, smtp) = start().await;
    let client = server.client();
    let body = "<p>{{ first ?? a }},{{ missing ?? b }},{{ nothing ?? \"c\" }},{{ empty ?? 'd' }},{{ off ?? e f }},\
                {{ zero ?? g }},{{ data.first ?? h }},{{ data.missing ?? i }}</p>";
    let template = template(&client, "TRANSACTIONAL", "{{ missing ?? Hello }} {{ first ?? friend }}", body).await;
    sends(&client, "signed_up", &template).await;
    let data = json!({ "first": "Ada", "nothing": null, "empty": "", "off": false, "zero": 0 });
    client.track("signed_up", "ada@example.org", data).await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(mail.header("subject"), "Hello Ada");
    assert!(mail.html.contains("<p>Ada,b,c,d,e f,0,Ada,i</p>"), "{}", mail.html);
}

/// 15.2: double rendering
#[tokio::test]
async fn what_a_contact_says_is_escaped_and_not_rendered_again() {
    let (server, smtp) = start().await;
    let client = server.client();
    let template =
        template(&client, "TRANSACTIONAL", "Hi {{ name }}", "<p>Hi {{ name }}{% if vip %}!{% endif %}</p>").await;
    sends(&client, "signed_up", &template).await;
    let name = "<script>x</script> {{ email }} {% assign vip = true %} & co";
    client.track("signed_up", "ada@example.org", json!({ "name": name })).await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert!(!mail.html.contains("<script>") && !mail.html.contains("ada@example.org"), "{}", mail.html);
    assert!(mail.html.contains("&lt;script&gt;x&lt;/script&gt; {{ email }}"), "{}", mail.html);
    assert_eq!(mail.header("subject"), format!("Hi {name}"));
}

#[tokio::test]
async fn only_marketing_has_a_footer_and_all_that_needs_consent_can_be_ended_with_one_click() {
    let (server, smtp) = start().await;
    let client = server.client();
    for kind in ["MARKETING", "HEADLESS", "TRANSACTIONAL"] {
        let template = template(&client, kind, kind, "<html><body><p>Hi</p></body></html>").await;
        sends(&client, kind, &template).await;
        client.track(kind, "ada@example.org", json!({})).await;
    }
    let mails = smtp.wait_for(3).await;
    let of = |kind: &str| mails.iter().find(|mail| mail.header("subject") == kind).expect("a mail");
    let unsubscribe = format!("{}/unsubscribe/", server.address());
    assert_eq!(links(&of("MARKETING").html, &unsubscribe).len(), 1, "{}", of("MARKETING").html);
    for kind in ["HEADLESS", "TRANSACTIONAL"] {
        assert!(!of(kind).html.contains("unsubscribe"), "{kind}: {}", of(kind).html);
    }
    for kind in ["MARKETING", "HEADLESS"] {
        let list = of(kind).header("list-unsubscribe");
        assert!(list.starts_with(&format!("<{unsubscribe}")) && list.ends_with('>'), "{kind}: {list}");
        assert_eq!(of(kind).header("list-unsubscribe-post"), "List-Unsubscribe=One-Click", "{kind}");
    }
    assert_eq!(of("TRANSACTIONAL").header("list-unsubscribe"), "");
}

#[tokio::test]
async fn an_email_that_was_sent_is_an_event_of_its_contact() {
    let (server, smtp) = start().await;
    let client = server.client();
    let template = template(&client, "MARKETING", "Welcome", "<p>Hi</p>").await;
    let workflow = sends(&client, "signed_up", &template).await;
    let contact = client.track("signed_up", "ada@example.org", json!({})).await["data"]["contact"].clone();
    let event = events_when(&client, "email.sent", 1).await.remove(0);
    let output = Workflow::visit(&workflow.finished().await, "mail")["output"].clone();
    assert_eq!((&event["contactId"], &event["emailId"]), (&contact, &output["emailId"]));
    let data = &event["data"];
    assert_eq!((&data["subject"], &data["templateId"]), (&json!("Welcome"), &json!(template)));
    assert_eq!((&data["from"], &data["sourceType"]), (&json!("team@example.org"), &json!("WORKFLOW")));
    assert_eq!(data["messageId"], json!(smtp.mails()[0].header("message-id")));
    assert!(data["sentAt"].is_string());
}

#[tokio::test]
async fn one_call_sends_to_several_people_who_are_made_unsubscribed() {
    let (server, smtp) = start().await;
    let client = server.client();
    let body = json!({
        "to": ["ada@example.org", { "name": "Bob", "email": "Bob@example.org" }],
        "subject": "Hi {{ who ?? there }}", "body": "<p>Hi {{ email }}</p>", "from": "team@example.org", "name": "The Team",
        "reply": "help@example.org", "headers": { "X-Campaign": "spring" }, "data": { "who": "you" },
    });
    let sent = client.post("/v1/send", body).await.expect(200);
    assert_eq!(sent["success"], true);
    let emails = sent["data"]["emails"].as_array().expect("emails");
    let addresses: Vec<_> = emails.iter().map(|email| email["contact"]["email"].clone()).collect();
    assert_eq!(addresses, [json!("ada@example.org"), json!("bob@example.org")]);
    let mails = smtp.wait_for(2).await;
    for (address, to) in [("ada@example.org", "ada@example.org"), ("bob@example.org", "Bob <bob@example.org>")] {
        let mail = mails.iter().find(|mail| mail.rcpt_tos == [address]).expect("a mail to each");
        assert_eq!((mail.header("subject"), mail.header("to")), ("Hi you", to));
        assert_eq!((mail.header("x-campaign"), mail.header("reply-to")), ("spring", "help@example.org"));
        assert!(mail.html.contains(&format!("<p>Hi {address}</p>")), "{}", mail.html);
        assert_eq!(mail.header("from"), "The Team <team@example.org>");
    }
    for email in emails {
        message_in(&client, &email["email"], "SENT").await;
        let path = format!("/contacts/{}", email["contact"]["id"].as_str().expect("an id"));
        assert_eq!(client.get(&path).await.expect(200)["subscribed"], false);
    }
    let none = client.post("/v1/send", json!({ "to": [], "subject": "x", "body": "x", "from": "a@example.org" })).await;
    assert_eq!((none.status, none.code()), (422, "VALIDATION_ERROR"), "{:#}", none.body);
}

#[tokio::test]
async fn a_template_can_be_sent_by_its_id_and_files_can_be_attached() {
    let (server, smtp) = start().await;
    let client = server.client();
    let template = template(&client, "TRANSACTIONAL", "Receipt {{ number }}", "<p>Number {{ number }}</p>").await;
    let body = json!({
        "to": "ada@example.org", "template": template, "data": { "number": { "value": 7, "persistent": false } },
        "attachments": [{ "filename": "a.txt", "content": "aGVsbG8=", "contentType": "text/plain" }],
    });
    let sent = client.post("/v1/send", body).await.expect(200);
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(mail.header("subject"), "Receipt 7");
    assert!(mail.header("content-type").starts_with("multipart/mixed"), "{}", mail.header("content-type"));
    let contact = sent["data"]["emails"][0]["contact"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(client.get(&format!("/contacts/{contact}")).await.expect(200)["data"], json!({}));
    let unknown = json!({ "to": "ada@example.org", "template": "00000000-0000-4000-8000-000000000000" });
    assert_eq!(client.post("/v1/send", unknown).await.code(), "TEMPLATE_NOT_FOUND");
}

#[tokio::test]
async fn a_template_that_cannot_be_parsed_is_refused_with_its_place() {
    let server = stepwell_tests::Server::start().await;
    let body = json!({ "name": "x", "subject": "x", "body": "<p>\n  {% if a %}</p>", "from": "team@example.org" });
    let reply = server.client().post("/templates", body).await;
    assert_eq!(reply.status, 400, "{:#}", reply.body);
    let text = reply.body.to_string();
    assert!(text.contains("line 2") || text.contains("\"line\":2"), "{:#}", reply.body);
    assert_eq!(server.client().get("/templates").await.expect(200)["total"], Value::from(0));
}

#[tokio::test]
async fn no_text_of_a_contact_can_add_a_header_or_a_recipient() {
    let (server, smtp) = start().await;
    let client = server.client();
    let template = template(&client, "TRANSACTIONAL", "Hi {{ name }}", "<p>Hi {{ name }}</p>").await;
    sends(&client, "signed_up", &template).await;
    let name = "Ada\r\nBcc: eve@example.org\r\n\r\n<p>other</p>\r\n.\r\nQUIT";
    client.track("signed_up", "ada@example.org", json!({ "name": name })).await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!((mail.rcpt_tos.len(), mail.header("bcc")), (1, ""));
    assert_eq!(mail.header("subject"), "Hi Ada Bcc: eve@example.org <p>other</p> . QUIT");
    assert!(mail.html.contains("QUIT</p>") && !mail.html.contains("<p>other"), "{}", mail.html);
    // A second one over the same connection shows that the first ended where it should.
    client.track("signed_up", "bob@example.org", json!({ "name": "Bob" })).await;
    assert_eq!(smtp.wait_for(2).await[1].header("subject"), "Hi Bob");
}

#[tokio::test]
async fn an_idempotency_key_sends_once() {
    let (server, smtp) = start().await;
    let client = server.client();
    let body = json!({ "to": "ada@example.org", "subject": "Hi", "body": "<p>Hi</p>", "from": "team@example.org" });
    let send = || {
        let request = client.request(reqwest::Method::POST, "/v1/send").header("idempotency-key", "receipt 7");
        client.send(request.json(&body))
    };
    let sent = send().await.expect(200);
    let again = send().await;
    assert_eq!((again.status, again.code()), (409, "IDEMPOTENCY_KEY_REUSED"));
    assert_eq!(again.body["error"]["details"]["originalRequest"], "POST /v1/send");
    message_in(&client, &sent["data"]["emails"][0]["email"], "SENT").await;
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_sent_leaves_no_contact_behind() {
    let server = stepwell_tests::Server::start().await;
    let client = server.client();
    for body in [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..100000) %}{% for j in (1..100000) %}{% endfor %}{% endfor %}",
    ] {
        let body = json!({ "to": ["ada@example.org", "bob@example.org"], "subject": "x", "body": body, "from": "team@example.org" });
        let reply = client.post("/v1/send", body).await;
        assert_eq!(
            (reply.status, &reply.body["error"]["errors"][0]["field"]),
            (422, &json!("body")),
            "{:#}",
            reply.body
        );
    }
    assert_eq!(client.get("/contacts").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn one_address_may_get_two_messages_and_is_one_contact_whose_links_work() {
    let (server, smtp) = start().await;
    let client = server.client();
    let body = json!({
        "to": ["ada@example.org", "ADA@example.org"], "subject": "Hi", "subscribed": true, "from": "team@example.org",
        "body": r#"<a href="{{ unsubscribeUrl }}">out</a>"#,
    });
    client.post("/v1/send", body).await.expect(200);
    assert_eq!(client.get("/contacts").await.expect(200)["total"], 1);
    let mails = smtp.wait_for(2).await;
    let link = links(&mails[1].html, &format!("{}/unsubscribe/", server.address())).remove(0);
    assert_eq!(super::follow(&server, reqwest::Method::POST, &link).await.status, 200);
    assert_eq!(client.get("/contacts").await.expect(200)["data"][0]["subscribed"], false);
}

#[tokio::test]
async fn any_script_arrives_as_it_was_written() {
    let (server, smtp) = start().await;
    let client = server.client();
    let subject =
        "Grüße an {{ name }} 🎉 — «été», 日本語, and a text long enough to need more than one line of a header, or two";
    let template = template(&client, "TRANSACTIONAL", subject, "<p>Grüße, {{ name }} 🎉 日本語</p>").await;
    sends(&client, "signed_up", &template).await;
    client.track("signed_up", "ada@example.org", json!({ "name": "Zoë Ångström" })).await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(mail.header("subject"), subject.replace("{{ name }}", "Zoë Ångström"));
    assert!(mail.html.contains("<p>Grüße, Zoë Ångström 🎉 日本語</p>"), "{}", mail.html);
    assert!(mail.text.contains("Grüße, Zoë Ångström 🎉 日本語"), "{}", mail.text);
}
