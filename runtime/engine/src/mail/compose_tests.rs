use serde_json::json;
use stepwell_core::{ContactId, MessageId, MessageStatus, Timestamp, WorkspaceId};
use url::Url;
use uuid::Uuid;

use super::*;

pub(in crate::mail) fn links() -> Links {
    Links::new(&Url::parse("https://mail.example.org").expect("url"), [7; 32])
}

pub(in crate::mail) fn message(options: Value) -> Message {
    Message {
        id: MessageId(Uuid::from_u128(0xabc)),
        workspace_id: WorkspaceId(Uuid::from_u128(1)),
        execution_id: None,
        step_execution_id: None,
        step_id: None,
        email: Email {
            to: "ada@example.org".into(),
            to_name: Some("Ada Lovelace".into()),
            from: "hello@shop.example".into(),
            from_name: Some("The Shop".into()),
            reply_to: Some("Help <help@shop.example>".into()),
            subject: "Welcome, Ada".into(),
            html: "<p>Hi <a href=\"https://shop.example/start\">there</a></p>".into(),
            consent: Consent::Marketing,
            contact_id: Some(ContactId(Uuid::from_u128(2))),
            template_id: None,
            options: options.as_object().cloned().unwrap_or_default(),
        },
        status: MessageStatus::Pending,
        attempts: 0,
        next_at: None,
        error: None,
        opens: 0,
        clicks: 0,
        sent_at: None,
        created_at: Timestamp(1_767_323_045_678),
        updated_at: Timestamp(1_767_323_045_678),
    }
}

fn composed(message: &Message) -> Result<String, Unsendable> {
    let mail = compose(message, &links(), &Style::default())?;
    Ok(String::from_utf8_lossy(&mail.formatted()).into_owned())
}

/// The value of a header, unfolded.
fn header(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next()?.replace("\r\n ", " ");
    let lines: Vec<_> = head.split("\r\n").filter_map(|line| line.split_once(": ")).collect();
    lines.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| (*value).to_owned())
}

#[test]
fn the_headers_say_who_writes_to_whom_about_what() {
    let mail = composed(&message(Value::Null)).expect("mail");
    assert_eq!(header(&mail, "From").as_deref(), Some("\"The Shop\" <hello@shop.example>"));
    assert_eq!(header(&mail, "To").as_deref(), Some("\"Ada Lovelace\" <ada@example.org>"));
    assert_eq!(header(&mail, "Reply-To").as_deref(), Some("Help <help@shop.example>"));
    assert_eq!(header(&mail, "Subject").as_deref(), Some("Welcome, Ada"));
    assert_eq!(header(&mail, "Date").as_deref(), Some("Fri, 02 Jan 2026 03:04:05 +0000"));
}

#[test]
fn the_message_id_is_made_of_the_messages_id_and_the_public_host() {
    let mail = composed(&message(Value::Null)).expect("mail");
    let wanted = "<00000000-0000-0000-0000-000000000abc@mail.example.org>";
    assert_eq!(header(&mail, "Message-ID").as_deref(), Some(wanted));
}

#[test]
fn the_html_has_a_text_alternative_made_from_it_unless_one_is_given() {
    let mail = composed(&message(Value::Null)).expect("mail");
    assert!(mail.contains("multipart/alternative"), "{mail}");
    assert!(mail.contains("Hi there (https://shop.example/start)"), "{mail}");
    let given = composed(&message(json!({ "text": "Only words." }))).expect("mail");
    assert!(given.contains("Only words.") && !given.contains("Hi there ("), "{given}");
}

#[test]
fn a_marketing_message_can_be_unsubscribed_from_with_one_click() {
    let mail = composed(&message(Value::Null)).expect("mail");
    let link = header(&mail, "List-Unsubscribe").expect("header");
    let token = link.strip_prefix("<https://mail.example.org/unsubscribe/").and_then(|rest| rest.strip_suffix('>'));
    let claim = links().verify(crate::links::LinkKind::Unsubscribe, token.expect("token")).expect("claim");
    assert_eq!(claim.contact_id, Some(ContactId(Uuid::from_u128(2))));
    assert_eq!(header(&mail, "List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
}

#[test]
fn a_transactional_message_has_no_unsubscribe_header() {
    let mut receipt = message(Value::Null);
    receipt.email.consent = Consent::Transactional;
    assert_eq!(header(&composed(&receipt).expect("mail"), "List-Unsubscribe"), None);
}

#[test]
fn a_header_of_ones_own_is_sent_along() {
    let mail = composed(&message(json!({ "headers": { "X-Campaign": "Frühling 2026" } }))).expect("mail");
    assert_eq!(header(&mail, "X-Campaign").as_deref(), Some("=?utf-8?b?RnLDvGhsaW5n?= 2026"));
}

#[test]
fn a_header_cannot_smuggle_in_another() {
    let hostile = [
        json!({ "X-A": "b\r\nBcc: eve@example.org" }),
        json!({ "X-A": "b\nBcc: eve@example.org" }),
        json!({ "X-A\r\nBcc": "eve@example.org" }),
        json!({ "X-A: b\r\nBcc": "eve@example.org" }),
        json!({ "Bcc": "eve@example.org" }),
        json!({ "content-type": "text/plain" }),
        json!({ "X-A": 1 }),
        json!({ "X-A": "x".repeat(MAX_HEADER_VALUE + 1) }),
    ];
    for headers in hostile {
        assert!(composed(&message(json!({ "headers": headers.clone() }))).is_err(), "{headers}");
    }
}

#[test]
fn line_ends_in_names_and_subject_become_spaces() {
    let mut hostile = message(Value::Null);
    hostile.email.subject = "Hi\r\nBcc: eve@example.org".into();
    hostile.email.to_name = Some("Ada\r\nBcc: eve@example.org".into());
    hostile.email.from_name = Some("Shop\nX-Evil: 1".into());
    let mail = composed(&hostile).expect("mail");
    assert_eq!(header(&mail, "Subject").as_deref(), Some("Hi Bcc: eve@example.org"));
    assert_eq!(header(&mail, "Bcc"), None, "{mail}");
    assert_eq!(header(&mail, "X-Evil"), None, "{mail}");
}

#[test]
fn an_address_that_is_none_is_named() {
    let mut bad = message(Value::Null);
    bad.email.to = "ada at example".into();
    let error = composed(&bad).expect_err("no address");
    assert_eq!(error.to_string(), "the recipient \"ada at example\" is not an email address");
    for address in ["", "ada@example.org\r\nRCPT TO:<eve@example.org>", "ada@example.org, eve@example.org"] {
        bad.email.to = address.into();
        assert!(composed(&bad).is_err(), "{address:?}");
    }
}

#[test]
fn without_a_sender_the_default_one_is_used_and_without_that_the_setting_is_named() {
    let mut nobody = message(Value::Null);
    nobody.email.from = String::new();
    nobody.email.from_name = None;
    assert!(composed(&nobody).expect_err("no sender").to_string().contains("STEPWELL_SMTP_FROM"));
    let style = Style { default_from: "Shop <post@shop.example>".parse().ok(), tracking: false };
    let mail = compose(&nobody, &links(), &style).expect("mail").formatted();
    assert_eq!(header(&String::from_utf8_lossy(&mail), "From").as_deref(), Some("Shop <post@shop.example>"));
}

#[test]
fn links_are_counted_only_when_tracking_is_on() {
    let off = composed(&message(Value::Null)).expect("mail");
    assert!(!off.contains("/t/click/") && !off.contains("/t/open/"));
    let style = Style { tracking: true, ..Style::default() };
    let on = compose(&message(Value::Null), &links(), &style).expect("mail").formatted();
    let on = String::from_utf8_lossy(&on).replace("=\r\n", "");
    assert!(on.contains("/t/click/") && on.contains("/t/open/"), "{on}");
    assert!(on.contains("Hi there (https://shop.example/start)"), "the text alternative keeps the plain link: {on}");
}

#[test]
fn a_file_travels_with_its_name_and_type() {
    let file = json!({ "filename": "hello.txt", "content": "SGVsbG8=", "contentType": "text/plain" });
    let mail = composed(&message(json!({ "attachments": [file] }))).expect("mail");
    assert!(mail.contains("multipart/mixed"), "{mail}");
    assert!(mail.contains("Content-Disposition: attachment; filename=\"hello.txt\""), "{mail}");
    assert!(mail.contains("Hello"), "{mail}");
}

#[test]
fn a_bad_attachment_is_named() {
    let problems = [
        (json!([{ "filename": "a", "content": "%%" }]), "is not base64"),
        (json!([{ "filename": "a", "content": "", "contentType": "x" }]), "is not a media type"),
        (json!([{ "content": "" }]), "must be a list of files"),
        (json!("a"), "must be a list of files"),
        (json!(vec![json!({ "filename": "a", "content": "" }); 11]), "at most 10 files"),
    ];
    for (attachments, wanted) in problems {
        let error = composed(&message(json!({ "attachments": attachments.clone() }))).expect_err("bad");
        assert!(error.to_string().contains(wanted), "{attachments}: {error}");
    }
}
