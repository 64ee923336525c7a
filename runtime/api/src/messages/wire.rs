//! What can be sent, as on the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::error::ApiError;
use crate::wire::{EmailAddress, HeaderValue, JsonObject, PersonName, TemplateSource, TemplateSubject};

/// The most recipients of one request. Each gets a message of their own.
const MAX_RECIPIENTS: usize = 100;

/// The most bytes of all attachments together, decoded.
const MAX_ATTACHED: usize = 10 * 1024 * 1024;

/// The most bytes of attachments that one request stores: each recipient's message has its own.
const MAX_STORED: usize = 50 * 1024 * 1024;

/// Headers that are made by the server.
const RESERVED_HEADERS: [&str; 15] = [
    "bcc",
    "cc",
    "date",
    "dkim-signature",
    "from",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "message-id",
    "mime-version",
    "received",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
];

/// A message to send, to each recipient one of their own. It is made either from `template` or from `subject` and `body`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendMessage {
    pub(super) to: Recipients,
    /// In the template language.
    pub(super) subject: Option<TemplateSubject>,
    /// HTML in the template language.
    pub(super) body: Option<TemplateSource>,
    /// The template to use.
    pub(super) template: Option<Uuid>,
    /// The sender; else the template's, else the server's.
    pub(super) from: Option<Recipient>,
    /// The sender's name.
    pub(super) name: Option<PersonName>,
    /// Where answers go.
    pub(super) reply: Option<EmailAddress>,
    /// More headers.
    #[schema(value_type = Option<ExtraHeaders>)]
    pub(super) headers: Option<BTreeMap<String, HeaderValue>>,
    /// What the template language sees, and what is merged into the contacts.
    pub(super) data: Option<JsonObject>,
    /// The subscription of the contacts. A new contact is not subscribed unless this is true.
    pub(super) subscribed: Option<bool>,
    /// Files, at most 10 MB together.
    #[schema(max_items = 10)]
    pub(super) attachments: Option<Vec<Attachment>>,
}

/// One recipient, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Recipients {
    /// Comes first: two texts in a list could be read as the name and the address of one recipient.
    Many(Vec<Recipient>),
    One(Recipient),
}

impl Recipients {
    pub(super) fn into_vec(self) -> Vec<Recipient> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

impl PartialSchema for Recipients {
    fn schema() -> RefOr<Schema> {
        let one = Ref::from_schema_name(Recipient::name());
        let many = ArrayBuilder::new().items(one.clone()).min_items(Some(1)).max_items(Some(MAX_RECIPIENTS));
        OneOfBuilder::new().item(one).item(many).into()
    }
}

impl ToSchema for Recipients {
    fn name() -> Cow<'static, str> {
        "Recipients".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Recipient::name().into_owned(), Recipient::schema()));
        Recipient::schemas(schemas);
    }
}

/// An address, with or without a name.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Recipient {
    Address(EmailAddress),
    Named(NamedAddress),
}

/// An address and whose it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedAddress {
    name: Option<PersonName>,
    email: EmailAddress,
}

impl Recipient {
    pub(super) fn email(&self) -> String {
        match self {
            Self::Address(email) | Self::Named(NamedAddress { email, .. }) => email.trimmed(),
        }
    }

    pub(super) fn display_name(&self) -> Option<String> {
        match self {
            Self::Address(_) => None,
            Self::Named(named) => named.name.clone().map(String::from),
        }
    }
}

/// Header names and their values.
pub(super) struct ExtraHeaders;

impl PartialSchema for ExtraHeaders {
    fn schema() -> RefOr<Schema> {
        use utoipa::openapi::{ObjectBuilder, Type};
        let names = ObjectBuilder::new().schema_type(Type::String).max_length(Some(76)).pattern(Some("^[!-9;-~]+$"));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property_names(Some(names))
            .additional_properties(Some(Ref::from_schema_name(HeaderValue::name())))
            .max_properties(Some(50))
            .into()
    }
}

impl ToSchema for ExtraHeaders {
    fn name() -> Cow<'static, str> {
        "ExtraHeaders".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((HeaderValue::name().into_owned(), HeaderValue::schema()));
    }
}

/// A file to attach.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Attachment {
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    filename: String,
    /// Base64.
    #[schema(max_length = 14_000_000, content_encoding = "base64")]
    content: String,
    #[schema(max_length = 127, pattern = "^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$", example = "application/pdf")]
    content_type: Option<String>,
}

impl SendMessage {
    /// Refuses what no schema says.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        self.check_source()?;
        for name in self.headers.iter().flat_map(BTreeMap::keys) {
            let lower = name.to_ascii_lowercase();
            if RESERVED_HEADERS.contains(&lower.as_str()) || lower.starts_with("content-") {
                return Err(ApiError::field(format!("headers.{name}"), "reserved_header", "is made by the server"));
            }
        }
        self.check_attachments()
    }

    fn check_source(&self) -> Result<(), ApiError> {
        if self.template.is_some() {
            return Ok(());
        }
        for (field, missing) in [("subject", self.subject.is_none()), ("body", self.body.is_none())] {
            if missing {
                return Err(ApiError::field(field, "required", format!("{field} is required without a template")));
            }
        }
        Ok(())
    }

    fn check_attachments(&self) -> Result<(), ApiError> {
        let recipients = match &self.to {
            Recipients::One(_) => 1,
            Recipients::Many(many) => many.len(),
        };
        let mut total = 0;
        for (index, file) in self.attachments.iter().flatten().enumerate() {
            let Ok(bytes) = STANDARD.decode(&file.content) else {
                return Err(ApiError::field(format!("attachments.{index}.content"), "invalid_string", "is not base64"));
            };
            total += bytes.len();
        }
        if total > MAX_ATTACHED || total.saturating_mul(recipients) > MAX_STORED {
            let message = format!(
                "must take at most {MAX_ATTACHED} bytes together, and {MAX_STORED} bytes times the number of recipients"
            );
            return Err(ApiError::field("attachments", "too_big", message));
        }
        Ok(())
    }
}

/// What was queued.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SentMessages {
    /// Always true.
    pub(super) success: bool,
    pub(super) data: SentData,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SentData {
    pub(super) emails: Vec<SentEmail>,
    pub(super) timestamp: crate::wire::Time,
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SentEmail {
    pub(super) contact: SentTo,
    /// The message's id: GET /v1/messages/{id} says what became of it.
    pub(super) email: Uuid,
}

/// To whom.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SentTo {
    pub(super) id: Uuid,
    pub(super) email: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(to: serde_json::Value) -> Vec<(String, Option<String>)> {
        let recipients: Recipients = serde_json::from_value(to).expect("recipients");
        recipients.into_vec().iter().map(|to| (to.email(), to.display_name())).collect()
    }

    #[test]
    fn two_addresses_are_two_recipients_and_not_one_with_a_name() {
        let plain = |address: &str| (address.to_owned(), None);
        assert_eq!(read(json!(["a@example.org", "b@example.org"])), [plain("a@example.org"), plain("b@example.org")]);
        assert_eq!(read(json!("a@example.org")), [plain("a@example.org")]);
        let named = json!({ "name": "Ada", "email": "a@example.org" });
        assert_eq!(read(json!([named])), [("a@example.org".to_owned(), Some("Ada".to_owned()))]);
        assert_eq!(read(named), [("a@example.org".to_owned(), Some("Ada".to_owned()))]);
    }
}
