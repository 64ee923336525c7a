//! Opens and clicks come back through signed links.

use reqwest::Method;
use serde_json::{Value, json};
use stepwell_tests::{Client, Mail, Server, ServerOptions, SmtpPeer, Workflow};

use super::{events, events_when, follow, links, message_in, sends, start, template};

const TARGET: &str = "https://shop.example/offer?a=1&b=2";

/// Sends an email with a link in it, and gives the mail and the id of its message.
async fn sent(server: &Server, smtp: &SmtpPeer) -> (Client, Mail, Value) {
    let client = server.client();
    let body = r#"<html><body><p><a href="https://shop.example/offer?a=1&amp;b=2">see</a></p></body></html>"#;
    let template = template(&client, "MARKETING", "Offer", body).await;
    let workflow = sends(&client, "signed_up", &template).await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let mail = smtp.wait_for(1).await.remove(0);
    let id = Workflow::visit(&workflow.finished().await, "mail")["output"]["emailId"].clone();
    (client, mail, id)
}

fn link(server: &Server, mail: &Mail, kind: &str) -> String {
    let found = links(&mail.html, &format!("{}/t/{kind}/", server.address()));
    assert_eq!(found.len(), 1, "{kind}: {}", mail.html);
    found[0].clone()
}

#[tokio::test]
async fn loading_the_picture_of_an_email_is_an_open() {
    let (server, smtp) = start().await;
    let (client, mail, id) = sent(&server, &smtp).await;
    let picture = link(&server, &mail, "open");
    for _ in 0..2 {
        let reply = follow(&server, Method::GET, &picture).await;
        assert_eq!((reply.status, reply.header("content-type").starts_with("image/")), (200, true));
    }
    let opens = events_when(&client, "email.open", 2).await;
    let firsts: Vec<_> = opens.iter().filter(|event| event["data"]["isFirstOpen"] == true).collect();
    assert_eq!((opens.len(), firsts.len()), (2, 1));
    assert_eq!((&firsts[0]["emailId"], &firsts[0]["data"]["subject"]), (&id, &json!("Offer")));
    assert_eq!(message_in(&client, &id, "OPENED").await["opens"], 2);
}

#[tokio::test]
async fn a_link_leads_on_to_its_target_and_is_a_click() {
    let (server, smtp) = start().await;
    let (client, mail, id) = sent(&server, &smtp).await;
    let reply = follow(&server, Method::GET, &link(&server, &mail, "click")).await;
    assert!([302, 303, 307].contains(&reply.status), "{}", reply.status);
    assert_eq!(reply.header("location"), TARGET);
    let click = events_when(&client, "email.click", 1).await.remove(0);
    assert_eq!((&click["data"]["link"], &click["data"]["clicks"]), (&json!(TARGET), &json!(1)));
    assert_eq!((&click["data"]["isFirstClick"], &click["emailId"]), (&json!(true), &id));
    assert_eq!(message_in(&client, &id, "CLICKED").await["clicks"], 1);
}

#[tokio::test]
async fn a_token_that_was_changed_leads_nowhere_and_counts_nothing() {
    let (server, smtp) = start().await;
    let (client, mail, _) = sent(&server, &smtp).await;
    for (kind, other) in [("open", "click"), ("click", "open")] {
        let good = link(&server, &mail, kind);
        let (before, token) = good.rsplit_once('/').expect("a token");
        let mut letters: Vec<_> = token.chars().collect();
        letters[30] = if letters[30] == 'A' { 'B' } else { 'A' };
        let changed = format!("{before}/{}", letters.into_iter().collect::<String>());
        let elsewhere = good.replace(&format!("/t/{kind}/"), &format!("/t/{other}/"));
        for link in [changed, elsewhere, format!("{good}AAAA"), format!("{before}/x"), format!("{before}/%00")] {
            let reply = follow(&server, Method::GET, &link).await;
            // The picture is always there, so that it tells nobody whether a token is good.
            let expected = if link.contains("/t/open/") { 200 } else { 404 };
            assert_eq!((reply.status, reply.header("location")), (expected, ""), "{link}");
        }
    }
    assert_eq!((events(&client, "email.open").await.len(), events(&client, "email.click").await.len()), (0, 0));
}

/// 15.2: the seed's name of the event
#[tokio::test]
async fn a_wait_for_a_clicked_email_ends_by_the_click() {
    let (server, smtp) = start().await;
    let client = server.client();
    let template = template(&client, "MARKETING", "Offer", r#"<p><a href="https://shop.example/">see</a></p>"#).await;
    let workflow = Workflow::create(&client, "signed_up", json!({})).await;
    workflow
        .chain(&[
            ("SEND_EMAIL", "mail", json!({ "templateId": template })),
            ("WAIT_FOR_EVENT", "wait", json!({ "eventName": "email.clicked", "timeout": 86400 })),
            ("EXIT", "end", json!({ "reason": "clicked" })),
        ])
        .await;
    client.track("signed_up", "ada@example.org", json!({})).await;
    let mail = smtp.wait_for(1).await.remove(0);
    let waiting = workflow.newest_in(&["WAITING"]).await;
    assert_eq!(waiting["currentStep"]["name"], "wait");
    follow(&server, Method::GET, &link(&server, &mail, "open")).await;
    assert_eq!(workflow.executions().await[0]["status"], "WAITING");
    follow(&server, Method::GET, &link(&server, &mail, "click")).await;
    assert_eq!(workflow.finished().await["exitReason"], "clicked");
}

/// 15.1 number 4
#[tokio::test]
async fn a_step_counts_what_became_of_its_emails() {
    let (server, smtp) = start().await;
    let (client, mail, id) = sent(&server, &smtp).await;
    client.track("signed_up", "bounce@example.org", json!({})).await;
    events_when(&client, "email.bounce", 1).await;
    for _ in 0..2 {
        follow(&server, Method::GET, &link(&server, &mail, "open")).await;
        follow(&server, Method::GET, &link(&server, &mail, "click")).await;
    }
    message_in(&client, &id, "CLICKED").await;
    let workflow = client.get("/workflows").await.expect(200)["data"][0]["id"].clone();
    let stats = client.get(&format!("/workflows/{}/stats", workflow.as_str().expect("an id"))).await.expect(200);
    let step = stats["steps"].as_array().expect("steps").iter().find(|step| step["name"] == "mail").expect("the step");
    let counts = ["entered", "sent", "opened", "clicked", "bounced"].map(|name| step[name].clone());
    assert_eq!(counts, [2, 1, 1, 1, 1].map(Value::from), "messages opened and clicked, not opens and clicks");
}

#[tokio::test]
async fn without_tracking_an_email_is_left_as_it_is() {
    let smtp = SmtpPeer::start().await;
    let options = ServerOptions::default().set("STEPWELL_SMTP_URL", smtp.url()).set("STEPWELL_TRACKING", "off");
    let server = options.start().await;
    let (_, mail, _) = sent(&server, &smtp).await;
    assert!(!mail.html.contains("/t/click/") && !mail.html.contains("/t/open/"), "{}", mail.html);
}
