//! From what was asked for to the rendered message of one contact.

use serde_json::{Map, Value, json};
use stepwell_core::{Consent, Contact, Email, Template, TemplateKind, Timestamp};
use stepwell_engine::Links;
use stepwell_template::{Escape, RenderError, Urls};

use super::wire::{Recipient, SendMessage};
use crate::error::ApiError;

/// What all messages of a request share.
pub(super) struct Draft {
    subject: String,
    body: String,
    from: String,
    from_name: Option<String>,
    reply_to: Option<String>,
    consent: Consent,
    footer: bool,
    template: Option<Template>,
    context: Value,
    options: Map<String, Value>,
}

impl Draft {
    pub(super) fn new(wanted: &SendMessage, template: Option<Template>, data: &Map<String, Value>) -> Self {
        let kind = template.as_ref().map_or(TemplateKind::Transactional, |template| template.kind);
        let of = |pick: fn(&Template) -> &String| template.as_ref().map(pick).cloned().unwrap_or_default();
        let from = wanted.from.as_ref();
        let from_name = wanted.name.clone().map(|name| name.0).or_else(|| from.and_then(Recipient::display_name));
        Self {
            subject: wanted.subject.clone().map_or_else(|| of(|template| &template.subject), |text| text.0),
            body: wanted.body.clone().map_or_else(|| of(|template| &template.body), |text| text.0),
            from: from.map_or_else(|| of(|template| &template.from), Recipient::email),
            from_name: from_name.or_else(|| template.as_ref().and_then(|template| template.from_name.clone())),
            reply_to: reply_to(wanted, template.as_ref()),
            consent: match kind {
                TemplateKind::Transactional => Consent::Transactional,
                TemplateKind::Marketing | TemplateKind::Headless => Consent::Marketing,
            },
            footer: kind == TemplateKind::Marketing,
            template,
            context: Value::Object(unwrapped(data)),
            options: options(wanted),
        }
    }

    /// The message to one contact, rendered. Takes up to a second of work, so it belongs on a thread of its own.
    pub(super) fn render(
        &self,
        contact: &Contact,
        to_name: Option<String>,
        links: &Links,
        now: Timestamp,
    ) -> Result<Email, ApiError> {
        let urls = Urls {
            unsubscribe: links.unsubscribe_url(contact.workspace_id, contact.id),
            subscribe: links.subscribe_url(contact.workspace_id, contact.id),
            manage: links.manage_url(contact.workspace_id, contact.id),
        };
        let scope = stepwell_template::scope(&contact.document(), &self.context, &json!({}), Some(&urls), now.0);
        let subject =
            stepwell_template::render(&self.subject, &scope, Escape::None).map_err(|error| failed("subject", error))?;
        let mut html =
            stepwell_template::render(&self.body, &scope, Escape::Html).map_err(|error| failed("body", error))?;
        if self.footer {
            html = with_footer(html, &urls.unsubscribe);
        }
        Ok(Email {
            to: contact.email.clone(),
            to_name,
            from: self.from.clone(),
            from_name: self.from_name.clone(),
            reply_to: self.reply_to.clone(),
            subject,
            html,
            consent: self.consent,
            contact_id: Some(contact.id),
            template_id: self.template.as_ref().map(|template| template.id),
            options: self.options.clone(),
        })
    }
}

fn reply_to(wanted: &SendMessage, template: Option<&Template>) -> Option<String> {
    wanted
        .reply
        .as_ref()
        .map(|reply| reply.trimmed())
        .or_else(|| template.and_then(|template| template.reply_to.clone()))
}

fn options(wanted: &SendMessage) -> Map<String, Value> {
    let mut options = Map::new();
    if let Some(headers) = &wanted.headers {
        options.insert("headers".into(), json!(headers));
    }
    if let Some(files) = &wanted.attachments {
        options.insert("attachments".into(), json!(files));
    }
    options
}

/// What a template sees of data whose values may be wrapped: `{"value": v, "persistent": …}` is `v`.
fn unwrapped(data: &Map<String, Value>) -> Map<String, Value> {
    let inner = |value: &Value| match (value.get("value"), value.get("persistent")) {
        (Some(inner), Some(Value::Bool(_))) => inner.clone(),
        _ => value.clone(),
    };
    data.iter().map(|(key, value)| (key.clone(), inner(value))).collect()
}

fn failed(field: &'static str, error: RenderError) -> ApiError {
    ApiError::field(field, "invalid_template", format!("cannot be rendered: {error}"))
}

/// The HTML with the footer of marketing messages, inside the body if it has one; unless the author has put the link in already.
/// The same as the step `send-email` adds. The link is made here and has no characters that HTML would need escaped.
fn with_footer(html: String, unsubscribe: &str) -> String {
    if html.contains(unsubscribe) {
        return html;
    }
    let footer = format!(
        "<p style=\"margin-top:32px;font-size:12px;color:#6b7280;text-align:center\">\
         You get this email because you subscribed. <a href=\"{unsubscribe}\" style=\"color:#6b7280\">Unsubscribe</a></p>"
    );
    match html.to_ascii_lowercase().rfind("</body") {
        Some(at) => format!("{}{footer}{}", &html[..at], &html[at..]),
        None => html + &footer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_goes_to_the_end_of_the_body_unless_the_link_is_there() {
        assert!(with_footer("<body>ü</BODY></html>".into(), "u").ends_with("</p></BODY></html>"));
        assert!(with_footer("<p>ü</p>".into(), "u").starts_with("<p>ü</p><p style"));
        assert_eq!(with_footer("<a href='/u'>x</a>".into(), "/u"), "<a href='/u'>x</a>");
    }

    #[test]
    fn wrapped_values_are_seen_without_their_wrapping() {
        let data = json!({"a": {"value": 1, "persistent": false}, "b": {"value": 2}, "c": 3});
        let data = data.as_object().expect("object");
        assert_eq!(Value::Object(unwrapped(data)), json!({"a": 1, "b": {"value": 2}, "c": 3}));
    }
}
