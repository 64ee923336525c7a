//! `stepwell:plugin/outbox`: queues email, delivered once the step's outcome is stored.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use stepwell_core::{Consent, ContactId, Email, MessageId};

use super::{object, one_line};
use crate::bindings::stepwell::plugin::outbox as wit;
use crate::bindings::stepwell::plugin::outbox::{Host, QueueError};
use crate::grant::Import;
use crate::limits::Stop;
use crate::state::{Facts, Run};

/// The longest subject (RFC 5322 allows 998 characters a line), name and address, in characters.
const MAX_LINE: usize = 998;
const MAX_ADDRESS: usize = 254;

/// The largest body and text alternative, in bytes.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// The most options, in bytes of JSON.
const MAX_OPTIONS: usize = 8 * 1024 * 1024;

/// The most extra headers.
const MAX_HEADERS: usize = 50;

impl Host for Run {
    async fn queue_email(&mut self, email: wit::Email) -> wasmtime::Result<Result<String, QueueError>> {
        self.allow(Import::Outbox)?;
        self.queue(email).await
    }
}

impl Run {
    async fn queue(&mut self, email: wit::Email) -> wasmtime::Result<Result<String, QueueError>> {
        let size = email.subject.len() + email.html.len() + email.options.len() + MAX_ADDRESS;
        let email = match read(email) {
            Ok(email) => email,
            Err(reason) => return Ok(Err(QueueError::Invalid(reason))),
        };
        if let Some(id) = email.contact_id.filter(|&id| Some(id) != self.facts.contact)
            && !self.has_contact(id).await?
        {
            return Ok(Err(QueueError::Invalid(format!("contact-id: no contact {id}"))));
        }
        let id = message_id(&self.facts, self.effects.emails() + 1);
        let queued = self.effects.queue(id, email, size);
        Ok(queued.map(|()| id.to_string()).map_err(QueueError::Invalid))
    }

    /// Whether the contact whose consent counts is one of this workspace. The interface has no error for a database that does
    /// not answer, so that ends the run, to be tried again.
    async fn has_contact(&self, id: ContactId) -> wasmtime::Result<bool> {
        match self.services.data.contact(self.facts.workspace, id).await {
            Ok(contact) => Ok(contact.is_some()),
            Err(error) => {
                self.unavailable(&error);
                Err(Stop::Unavailable.into())
            }
        }
    }
}

fn read(email: wit::Email) -> Result<Email, String> {
    check_address("to", &email.to)?;
    if !email.from.is_empty() {
        check_address("from", &email.from)?;
    }
    if let Some(reply_to) = &email.reply_to {
        check_address("reply-to", reply_to)?;
    }
    one_line("from-name", email.from_name.as_deref().unwrap_or_default(), MAX_LINE)?;
    one_line("subject", &email.subject, MAX_LINE)?;
    if email.html.len() > MAX_BODY {
        return Err(format!("html: {} bytes are too many, {MAX_BODY} are allowed", email.html.len()));
    }
    let options = object("options", &email.options, MAX_OPTIONS)?;
    check_options(&options)?;
    Ok(Email {
        to: email.to.trim().to_owned(),
        to_name: None,
        from: email.from.trim().to_owned(),
        from_name: email.from_name,
        reply_to: email.reply_to,
        subject: email.subject,
        html: email.html,
        consent: match email.consent {
            wit::Consent::Transactional => Consent::Transactional,
            wit::Consent::Marketing => Consent::Marketing,
        },
        contact_id: parse_id("contact-id", email.contact_id.as_deref())?,
        template_id: parse_id("template-id", email.template_id.as_deref())?,
        options,
    })
}

fn parse_id<T: std::str::FromStr>(what: &str, text: Option<&str>) -> Result<Option<T>, String> {
    text.map(|text| text.parse().map_err(|_| format!("{what}: `{text}` is not an id"))).transpose()
}

/// A rough check: mail servers have the last word.
fn check_address(what: &str, address: &str) -> Result<(), String> {
    one_line(what, address, MAX_ADDRESS)?;
    let plausible = address.trim().rsplit_once('@').is_some_and(|(local, domain)| {
        let odd = |c: char| c.is_whitespace() || "<>(),;:\\\"[]".contains(c);
        !local.is_empty() && !domain.is_empty() && !local.contains('@') && !address.trim().contains(odd)
    });
    if plausible { Ok(()) } else { Err(format!("{what}: `{}` is not an email address", crate::log::cut(address, 80))) }
}

fn check_options(options: &Map<String, Value>) -> Result<(), String> {
    match options.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(headers)) if headers.len() <= MAX_HEADERS => {
            headers.iter().try_for_each(|(name, value)| check_header(name, value))?;
        }
        Some(_) => return Err(format!("options.headers: must be an object of up to {MAX_HEADERS} texts")),
    }
    match options.get("text") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(text)) if text.len() <= MAX_BODY => Ok(()),
        Some(_) => Err(format!("options.text: must be a text of up to {MAX_BODY} bytes")),
    }
}

fn check_header(name: &str, value: &Value) -> Result<(), String> {
    let what = format!("options.headers.{}", crate::log::cut(name, 80));
    let printable = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    if name.is_empty() || name.len() > 100 || !name.bytes().all(printable) {
        return Err(format!("{what}: is not a header name"));
    }
    match value {
        Value::String(text) => one_line(&what, text, MAX_LINE),
        _ => Err(format!("{what}: must be a text")),
    }
}

/// The id of the call's `number`-th email: the same when the call is made again after a crash, so that nothing is doubled. It
/// takes its time from the visit's id and is in order like other ids.
fn message_id(facts: &Facts, number: u32) -> MessageId {
    let mut hash = Sha256::new();
    hash.update(b"stepwell message\0");
    hash.update(facts.step_execution.0.as_bytes());
    hash.update(facts.message_key.as_bytes());
    hash.update(number.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[..6].copy_from_slice(&facts.step_execution.0.as_bytes()[..6]);
    MessageId(
        uuid::Builder::from_bytes(bytes)
            .with_version(uuid::Version::SortRand)
            .with_variant(uuid::Variant::RFC4122)
            .into_uuid(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CONTACT, Memory, STRANGER, Setup};
    use stepwell_core::Effect;

    fn email(to: &str) -> wit::Email {
        wit::Email {
            to: to.into(),
            from: String::new(),
            from_name: Some("Us".into()),
            reply_to: None,
            subject: "Hello".into(),
            html: "<p>Hello</p>".into(),
            consent: wit::Consent::Marketing,
            contact_id: Some(CONTACT.to_string()),
            template_id: None,
            options: "null".into(),
        }
    }

    async fn queued(run: &mut Run, email: wit::Email) -> Result<String, QueueError> {
        Host::queue_email(run, email).await.expect("no trap")
    }

    #[tokio::test]
    async fn a_queued_email_has_the_same_id_when_the_call_is_made_again() {
        let ids = async |call_key: &str| {
            let mut run = Setup { call_key: call_key.into(), ..Setup::default() }.state().run;
            let ids = [
                queued(&mut run, email("ada@example.org")).await.expect("queued"),
                queued(&mut run, email("ada@example.org")).await.expect("queued"),
            ];
            let effects = run.effects.into_list();
            let of = |effect: &Effect| matches!(effect, Effect::QueueEmail { id, .. } if ids.contains(&id.to_string()));
            assert!(effects.len() == 2 && effects.iter().all(of));
            ids
        };
        let first = ids("visit").await;
        assert_eq!(first, ids("visit").await);
        assert_ne!(first[0], first[1]);
        assert_ne!(first[0], ids("visit-resumed").await[0]);
        assert!(first[0].starts_with("01900000-0000-7"), "in order with other ids: {}", first[0]);
    }

    #[tokio::test]
    async fn an_email_for_a_contact_of_nobody_is_invalid() {
        let mut run = Setup::default().state().run;
        let stranger = wit::Email { contact_id: Some(STRANGER.to_string()), ..email("ada@example.org") };
        assert!(
            matches!(queued(&mut run, stranger).await, Err(QueueError::Invalid(reason)) if reason.starts_with("contact-id"))
        );
        let foreign = wit::Email { contact_id: None, ..email("bob@example.org") };
        assert!(queued(&mut run, foreign).await.is_ok());
    }

    #[tokio::test]
    async fn a_database_that_is_down_ends_the_run_to_be_tried_again() {
        let data = Memory { down: true, ..Memory::default() };
        let mut run = Setup { data, ..Setup::default() }.state().run;
        let stranger = wit::Email { contact_id: Some(STRANGER.to_string()), ..email("ada@example.org") };
        let error = Host::queue_email(&mut run, stranger).await.expect_err("a stop");
        assert!(matches!(error.downcast_ref::<Stop>(), Some(Stop::Unavailable)));
    }

    #[tokio::test]
    async fn a_run_queues_fifty_emails_at_most() {
        let mut run = Setup::default().state().run;
        for _ in 0..50 {
            assert!(queued(&mut run, email("ada@example.org")).await.is_ok());
        }
        assert!(matches!(queued(&mut run, email("ada@example.org")).await, Err(QueueError::Invalid(_))));
    }

    #[tokio::test]
    async fn what_is_malformed_is_named() {
        let mut run = Setup::default().state().run;
        let good = || email("ada@example.org");
        for (email, begin) in [
            (email("ada"), "to: "),
            (wit::Email { from: "us".into(), ..good() }, "from: "),
            (wit::Email { subject: "a\r\nBcc: b@example.org".into(), ..good() }, "subject: "),
            (wit::Email { subject: "x".repeat(999), ..good() }, "subject: "),
            (wit::Email { html: "x".repeat(MAX_BODY + 1), ..good() }, "html: "),
            (wit::Email { options: "[]".into(), ..good() }, "options: "),
            (wit::Email { template_id: Some("x".into()), ..good() }, "template-id: "),
        ] {
            let refused = queued(&mut run, email).await;
            assert!(
                matches!(&refused, Err(QueueError::Invalid(reason)) if reason.starts_with(begin)),
                "{begin} {refused:?}"
            );
        }
    }

    #[test]
    fn addresses_are_checked_roughly() {
        for good in ["ada@example.org", "a.b+c@localhost", " ada@example.org "] {
            assert!(check_address("to", good).is_ok(), "{good}");
        }
        for bad in
            ["", "ada", "@example.org", "ada@", "a b@example.org", "a@b@c", "a@b\r\nBcc: c@d", "A <a@b>", "a@b,c@d"]
        {
            assert!(check_address("to", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_header_cannot_smuggle_in_another() {
        let options = |text| object("options", text, 1000).and_then(|options| check_options(&options));
        assert!(options(r#"{"headers":{"X-Campaign":"spring"},"text":"hello","more":1}"#).is_ok());
        assert!(options(r#"{"headers":{"X-Campaign":"a\r\nBcc: c@d"}}"#).is_err());
        assert!(options(r#"{"headers":{"X Campaign":"a"}}"#).is_err());
        assert!(options(r#"{"headers":{"X-Campaign":3}}"#).is_err());
        assert!(options(r#"{"text":3}"#).is_err());
    }
}
