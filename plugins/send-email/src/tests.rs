use serde_json::{Value, json};
use stepwell_plugin::outbox::{Consent, Email};
use stepwell_plugin::templates::{Kind, Template};
use stepwell_plugin::testing::{ContextBuilder, Effect, TestHost, context, run, validate};

use super::*;

const TEMPLATE: &str = "0190a5b0-7f6e-7c2a-9d57-1f1f6a2d3c4b";

fn host_with(kind: Kind) -> TestHost {
    let host = TestHost::new();
    host.template(Template {
        id: TEMPLATE.to_owned(),
        name: "Hello".to_owned(),
        subject: "Hi {{ name ?? there }} & all".to_owned(),
        body: "<p>Dear {{ name ?? friend }}</p>".to_owned(),
        from: Some("team@example.org".to_owned()),
        from_name: Some("The team".to_owned()),
        reply_to: None,
        kind,
    });
    host
}

fn subject(name: &str) -> ContextBuilder {
    let urls =
        json!({ "unsubscribeUrl": "https://x/u/c1", "subscribeUrl": "https://x/s/c1", "manageUrl": "https://x/m/c1" });
    context()
        .contact(json!({ "id": "c1", "email": "ada@example.org", "subscribed": true, "data": { "name": name } }))
        .about(json!({ "urls": urls }))
}

fn send(host: &TestHost, config: &Value, name: &str) -> (Value, Email) {
    let outcome = run::<SendEmail>(config, &subject(name).build());
    let Ok(Outcome::Completed(done)) = outcome else { panic!("{config} is not completed: {outcome:?}") };
    match host.effects().pop() {
        Some(Effect::QueueEmail(email)) => (done.output, email),
        other => panic!("no email: {other:?}"),
    }
}

fn sent(kind: Kind, config: &Value) -> Email {
    send(&host_with(kind), config, "Ada").1
}

#[test]
fn the_contact_gets_the_rendered_template() {
    let host = host_with(Kind::Transactional);
    let (output, email) = send(&host, &json!({ "templateId": TEMPLATE }), "Ada");
    let expected = json!({
        "emailId": "email-1", "sentAt": "2026-01-02T03:04:05.678Z", "recipientType": "CONTACT",
        "recipientEmail": "ada@example.org",
    });
    assert_eq!(output, expected);
    assert_eq!((email.to.as_str(), email.subject.as_str()), ("ada@example.org", "Hi Ada & all"));
    assert_eq!(email.html, "<p>Dear Ada</p>");
    assert_eq!((email.from.as_str(), email.from_name.as_deref()), ("team@example.org", Some("The team")));
    assert_eq!((email.contact_id.as_deref(), email.template_id.as_deref()), (Some("c1"), Some(TEMPLATE)));
}

#[test]
fn what_a_contact_supplied_is_escaped_and_never_rendered_again() {
    let host = host_with(Kind::Transactional);
    let (_, email) = send(&host, &json!({ "templateId": TEMPLATE }), "<b>{{ email }}</b>\r\nBcc: x");
    assert_eq!(email.html, "<p>Dear &lt;b&gt;{{ email }}&lt;/b&gt;\r\nBcc: x</p>");
    assert_eq!(email.subject, "Hi <b>{{ email }}</b>  Bcc: x & all");
}

#[test]
fn the_kind_of_template_decides_about_consent() {
    let config = json!({ "templateId": TEMPLATE });
    assert_eq!(sent(Kind::Transactional, &config).consent, Consent::Transactional);
    assert_eq!(sent(Kind::Marketing, &config).consent, Consent::Marketing);
    assert_eq!(sent(Kind::Headless, &config).consent, Consent::Marketing);
}

#[test]
fn only_marketing_to_the_contact_gets_the_unsubscribe_link() {
    let config = json!({ "templateId": TEMPLATE });
    assert!(sent(Kind::Marketing, &config).html.contains("href=\"https://x/u/c1\""));
    assert!(!sent(Kind::Headless, &config).html.contains("https://x/u/c1"));
    assert!(!sent(Kind::Transactional, &config).html.contains("https://x/u/c1"));
    let custom =
        json!({ "templateId": TEMPLATE, "recipient": { "type": "CUSTOM", "customEmail": "boss@example.org" } });
    assert!(!sent(Kind::Marketing, &custom).html.contains("https://x/u/c1"));
}

#[test]
fn a_custom_recipient_belongs_to_no_contact() {
    let host = host_with(Kind::Marketing);
    let recipient = json!({ "type": "CUSTOM", "customEmail": " {{ name }}@example.org " });
    let (output, email) = send(&host, &json!({ "templateId": TEMPLATE, "recipient": recipient }), "boss");
    assert_eq!((email.to.as_str(), email.contact_id), ("boss@example.org", None));
    assert_eq!((&output["recipientType"], &output["recipientEmail"]), (&json!("CUSTOM"), &json!("boss@example.org")));
}

#[test]
fn the_sender_can_be_overridden() {
    let config = json!({
        "templateId": TEMPLATE, "from": "sales@example.org", "fromName": "{{ name }}'s seller", "replyTo": "re@example.org",
    });
    let email = sent(Kind::Transactional, &config);
    assert_eq!((email.from.as_str(), email.from_name.as_deref()), ("sales@example.org", Some("Ada's seller")));
    assert_eq!(email.reply_to.as_deref(), Some("re@example.org"));
}

#[test]
fn without_a_template_the_step_fails() {
    let host = host_with(Kind::Marketing);
    for config in [json!({}), json!({ "templateId": "" }), json!({ "templateId": TEMPLATE.replace('0', "1") })] {
        assert_eq!(run::<SendEmail>(&config, &subject("Ada").build()).expect_err("a failure").code, "no-template");
    }
    assert_eq!(host.effects(), []);
}

#[test]
fn without_a_recipient_the_step_fails() {
    let _host = host_with(Kind::Marketing);
    let code = |config: &Value, context: &Context| run::<SendEmail>(config, context).expect_err("a failure").code;
    assert_eq!(code(&json!({ "templateId": TEMPLATE }), &context().build()), "no-contact");
    let custom = json!({ "templateId": TEMPLATE, "recipient": { "type": "CUSTOM", "customEmail": "{{ none }}" } });
    assert_eq!(code(&custom, &subject("Ada").build()), "invalid-recipient");
}

#[test]
fn a_sender_outside_the_grant_fails_the_step() {
    let host = host_with(Kind::Marketing);
    host.deny("outbox");
    let failed = run::<SendEmail>(&json!({ "templateId": TEMPLATE }), &subject("Ada").build());
    assert_eq!(failed.expect_err("a failure").code, "capability-denied");
}

#[test]
fn a_wrong_member_is_named_by_its_place() {
    let with = |key: &str, value: Value| json!({ "templateId": TEMPLATE, key: value });
    let cases = [
        (json!({}), "/templateId"),
        (json!({ "templateId": "hello" }), "/templateId"),
        (with("recipient", json!({ "type": "CUSTOM" })), "/recipient/customEmail"),
        (with("recipient", json!({ "type": "CUSTOM", "customEmail": "boss" })), "/recipient/customEmail"),
        (with("recipient", json!({ "type": "OTHER" })), "/recipient/type"),
        (with("fromName", json!("{{ x | nosuch }}")), "/fromName"),
        (with("subject", json!("x")), "/subject"),
    ];
    for (config, pointer) in cases {
        assert_eq!(validate::<SendEmail>(&config)[0].pointer, pointer, "{config}");
    }
    assert_eq!(validate::<SendEmail>(&with("recipient", json!({ "type": "CONTACT" }))), []);
}
