//! The configuration, and what can be wrong with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_plugin::{Failure, Problem, template};

/// Which template to send, and to whom.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The id of the template.
    #[schemars(extend("format" = "uuid"))]
    template_id: Option<String>,
    /// To whom; the contact if not given.
    #[serde(default)]
    pub(crate) recipient: Recipient,
    /// The sender's address instead of the template's; a template.
    pub(crate) from: Option<String>,
    /// The sender's name instead of the template's; a template.
    pub(crate) from_name: Option<String>,
    /// Where answers go instead of the template's address; a template.
    pub(crate) reply_to: Option<String>,
}

/// To whom an email goes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Recipient {
    /// `CONTACT`, or `CUSTOM` for a fixed address.
    #[serde(rename = "type", default)]
    pub(crate) kind: RecipientType,
    /// The fixed address; a template.
    custom_email: Option<String>,
}

/// The kind of recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RecipientType {
    /// The contact of the execution; its consent counts.
    #[default]
    Contact,
    /// A fixed address; no consent is asked.
    Custom,
}

impl Config {
    /// The template's id.
    pub(crate) fn template_id(&self) -> Result<&str, Failure> {
        let id = self.template_id.as_deref().filter(|id| !id.is_empty());
        id.ok_or_else(|| Failure::fatal("no-template", "no template is configured; choose one in `templateId`"))
    }

    pub(crate) fn problems(&self) -> Vec<Problem> {
        let texts = [("/from", &self.from), ("/fromName", &self.from_name), ("/replyTo", &self.reply_to)];
        let texts = texts.into_iter().filter_map(|(at, text)| Some((at, text.as_deref()?)));
        let of_texts = texts.flat_map(|(at, text)| template::problems(&text.into(), at));
        self.template_problem().into_iter().chain(self.recipient.problems()).chain(of_texts).collect()
    }

    fn template_problem(&self) -> Option<Problem> {
        match self.template_id.as_deref() {
            None | Some("") => Some(Problem::new("/templateId", "choose a template")),
            Some(id) => (!is_uuid(id)).then(|| Problem::new("/templateId", "is no id of a template")),
        }
    }
}

impl Recipient {
    /// The fixed address, unrendered.
    pub(crate) fn custom_email(&self) -> Result<&str, Problem> {
        let address = self.custom_email.as_deref().filter(|address| !address.trim().is_empty());
        address.ok_or_else(|| Problem::new("/recipient/customEmail", "is required for the type CUSTOM"))
    }

    fn problems(&self) -> Vec<Problem> {
        if self.kind == RecipientType::Contact {
            return Vec::new();
        }
        const AT: &str = "/recipient/customEmail";
        match self.custom_email() {
            Err(problem) => vec![problem],
            Ok(address) if template::is_template(address) => template::problems(&address.into(), AT),
            Ok(address) if is_address(address.trim()) => Vec::new(),
            Ok(_) => vec![Problem::new(AT, "is no email address")],
        }
    }
}

/// Whether a text can be an email address. The mail server has the last word.
pub(crate) fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c);
    text.len() <= 320 && !text.contains(odd) && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

fn is_uuid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    let fits = |(at, byte): (usize, u8)| if dashes.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}
