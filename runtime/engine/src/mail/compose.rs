//! Makes the email that goes over the wire from a message of the outbox. Pure: the same message gives the same email, its
//! Message-ID above all, on every delivery attempt.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message as Mail};
use serde::Deserialize;
use serde_json::{Map, Value};
use stepwell_core::{Consent, Email, Message};

use super::{text, tracking};
use crate::links::Links;

const MAX_HEADERS: usize = 50;
const MAX_HEADER_VALUE: usize = 900;
const MAX_ATTACHMENTS: usize = 10;
const MAX_ATTACHMENT_BYTES: usize = 10 * 1024 * 1024;

/// Headers that are made here and not by templates.
const RESERVED_HEADERS: [&str; 14] = [
    "bcc",
    "cc",
    "date",
    "dkim-signature",
    "from",
    "message-id",
    "mime-version",
    "received",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
    "list-unsubscribe-post",
];

/// What every email of the server has in common.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// Who sends where an email names nobody.
    pub default_from: Option<Mailbox>,
    /// Whether opens and clicks are made known.
    pub tracking: bool,
}

/// The message cannot be made into an email; the text says why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unsendable(String);

impl Unsendable {
    fn because(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// The Message-ID of a message, the same on every attempt.
pub(super) fn message_id(message: &Message, links: &Links) -> String {
    format!("<{}@{}>", message.id, links.host())
}

/// The email of a message.
pub(super) fn compose(message: &Message, links: &Links, style: &Style) -> Result<Mail, Unsendable> {
    let email = &message.email;
    let written = UNIX_EPOCH + Duration::from_millis(message.created_at.0.unsigned_abs());
    let mut builder = Mail::builder()
        .message_id(Some(message_id(message, links)))
        .date(written)
        .from(sender(email, style)?)
        .to(mailbox("recipient", email.to_name.as_deref(), &email.to)?)
        .subject(one_line(&email.subject));
    if let Some(reply_to) = email.reply_to.as_deref().filter(|address| !address.trim().is_empty()) {
        builder = builder.reply_to(parsed("reply-to", reply_to)?);
    }
    builder = own_headers(builder, &email.options)?;
    builder = unsubscribe_headers(builder, message, links);
    let body = body(message, links, style)?;
    builder.multipart(body).map_err(|error| Unsendable::because(format!("the email cannot be written: {error}")))
}

fn sender(email: &Email, style: &Style) -> Result<Mailbox, Unsendable> {
    if !email.from.trim().is_empty() {
        return mailbox("sender", email.from_name.as_deref(), &email.from);
    }
    let default = style.default_from.clone().ok_or_else(|| {
        Unsendable::because("no sender: neither the email nor the setting smtp_from (STEPWELL_SMTP_FROM) names one")
    })?;
    let name = email.from_name.as_deref().map(one_line).filter(|name| !name.is_empty()).or(default.name);
    Ok(Mailbox::new(name, default.email))
}

fn mailbox(what: &str, name: Option<&str>, address: &str) -> Result<Mailbox, Unsendable> {
    let name = name.map(one_line).filter(|name| !name.is_empty());
    match address.trim().parse::<Address>() {
        Ok(address) => Ok(Mailbox::new(name, address)),
        // `Ada <ada@example.org>` is understood where no name is given apart.
        Err(_) if name.is_none() => parsed(what, address),
        Err(_) => Err(not_an_address(what, address)),
    }
}

fn parsed(what: &str, address: &str) -> Result<Mailbox, Unsendable> {
    let mailbox: Mailbox = one_line(address).parse().map_err(|_| not_an_address(what, address))?;
    Ok(Mailbox::new(mailbox.name.as_deref().map(one_line), mailbox.email))
}

fn not_an_address(what: &str, address: &str) -> Unsendable {
    Unsendable::because(format!("the {what} {:?} is not an email address", one_line(address)))
}

/// Rendered text may hold line ends; a header may not.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The headers of `options.headers`.
fn own_headers(mut builder: MessageBuilder, options: &Map<String, Value>) -> Result<MessageBuilder, Unsendable> {
    let headers = match options.get("headers") {
        None | Some(Value::Null) => return Ok(builder),
        Some(Value::Object(headers)) if headers.len() <= MAX_HEADERS => headers,
        Some(_) => {
            return Err(Unsendable::because(format!("`headers` must be an object of at most {MAX_HEADERS} texts")));
        }
    };
    for (name, value) in headers {
        builder = builder.raw_header(HeaderValue::new(header_name(name)?, header_value(name, value)?));
    }
    Ok(builder)
}

fn header_name(name: &str) -> Result<HeaderName, Unsendable> {
    let lower = name.to_ascii_lowercase();
    if RESERVED_HEADERS.contains(&lower.as_str()) || lower.starts_with("content-") {
        return Err(Unsendable::because(format!("the header {name} is made by the server and cannot be set")));
    }
    let fine = name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    let parsed = HeaderName::new_from_ascii(name.to_owned()).ok().filter(|_| fine);
    parsed.ok_or_else(|| Unsendable::because(format!("{name:?} is not a name for a header")))
}

fn header_value(name: &str, value: &Value) -> Result<String, Unsendable> {
    let fine = |text: &&str| text.len() <= MAX_HEADER_VALUE && !text.chars().any(char::is_control);
    let text = value.as_str().filter(fine);
    text.map(str::to_owned).ok_or_else(|| {
        Unsendable::because(format!("the header {name} must be one line of at most {MAX_HEADER_VALUE} bytes of text"))
    })
}

/// One-click unsubscribing after RFC 8058, for messages that need consent.
fn unsubscribe_headers(builder: MessageBuilder, message: &Message, links: &Links) -> MessageBuilder {
    let (Consent::Marketing, Some(contact)) = (message.email.consent, message.email.contact_id) else {
        return builder;
    };
    // Pre-encoded: the address is plain ASCII, and must not be broken over lines.
    let address = format!("<{}>", links.unsubscribe_url_of(message.workspace_id, contact, message.id));
    let header = |name, value: String| {
        HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
    };
    builder
        .raw_header(header("List-Unsubscribe", address))
        .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()))
}

fn body(message: &Message, links: &Links, style: &Style) -> Result<MultiPart, Unsendable> {
    let email = &message.email;
    let given = email.options.get("text").and_then(Value::as_str).map(str::to_owned);
    let text = given.or_else(|| text::from_html(&email.html).ok()).filter(|text| !text.trim().is_empty());
    // HTML that is too intricate to rewrite is sent as it is.
    let tracked = || tracking::add(&email.html, links, message.workspace_id, message.id).ok();
    let html = style.tracking.then(tracked).flatten().unwrap_or_else(|| email.html.clone());
    let parts = match text {
        Some(text) => MultiPart::alternative_plain_html(text, html),
        None => MultiPart::alternative().singlepart(SinglePart::html(html)),
    };
    let attachments = attachments(&email.options)?;
    if attachments.is_empty() {
        return Ok(parts);
    }
    Ok(attachments.into_iter().fold(MultiPart::mixed().multipart(parts), MultiPart::singlepart))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachedFile {
    filename: String,
    content: String,
    content_type: Option<String>,
}

fn attachments(options: &Map<String, Value>) -> Result<Vec<SinglePart>, Unsendable> {
    let Some(list) = options.get("attachments").filter(|list| !list.is_null()) else { return Ok(Vec::new()) };
    let files: Vec<AttachedFile> = Deserialize::deserialize(list)
        .map_err(|error| Unsendable::because(format!("`attachments` must be a list of files: {error}")))?;
    if files.len() > MAX_ATTACHMENTS {
        return Err(Unsendable::because(format!("at most {MAX_ATTACHMENTS} files can be attached")));
    }
    let mut room = MAX_ATTACHMENT_BYTES;
    files.into_iter().map(|file| attachment(&file, &mut room)).collect()
}

fn attachment(file: &AttachedFile, room: &mut usize) -> Result<SinglePart, Unsendable> {
    let name = one_line(&file.filename);
    let content = STANDARD
        .decode(file.content.trim())
        .map_err(|error| Unsendable::because(format!("the attachment {name:?} is not base64: {error}")))?;
    *room = room.checked_sub(content.len()).ok_or_else(|| {
        Unsendable::because(format!("the attachments are larger than {MAX_ATTACHMENT_BYTES} bytes together"))
    })?;
    let kind = file.content_type.as_deref().unwrap_or("application/octet-stream");
    let kind = ContentType::parse(kind)
        .map_err(|_| Unsendable::because(format!("{kind:?} of the attachment {name:?} is not a media type")))?;
    Ok(Attachment::new(name).body(Body::new(content), kind))
}

#[cfg(test)]
#[path = "compose_tests.rs"]
pub(super) mod tests;
