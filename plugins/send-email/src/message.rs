//! The message: template, contact and configuration put together, and rendered here once and for all.

use stepwell_plugin::outbox::{Consent, Email, Options};
use stepwell_plugin::template::{Escape, Scope};
use stepwell_plugin::templates::{Kind, Template};
use stepwell_plugin::{Context, Failure};

use crate::config::{Config, RecipientType, is_address};
use crate::footer;

/// Renders the template for its recipient.
pub(crate) fn compose(config: &Config, template: Template, context: &Context) -> Result<Email, Failure> {
    let scope = Scope::new(context);
    let (to, contact_id) = recipient(config, &scope, context)?;
    let mut html = scope.render(&template.body, Escape::Html)?;
    if let Some(url) = unsubscribe_url(template.kind, contact_id.is_some(), context) {
        html = footer::add(&html, url);
    }
    let line = |own: &Option<String>, other: Option<String>| line(own.as_deref(), other, &scope);
    Ok(Email {
        to,
        from: line(&config.from, template.from)?.unwrap_or_default(),
        from_name: line(&config.from_name, template.from_name)?,
        reply_to: line(&config.reply_to, template.reply_to)?,
        subject: one_line(&scope.render(&template.subject, Escape::None)?),
        html,
        consent: consent(template.kind),
        contact_id,
        template_id: Some(template.id),
        options: Options::default(),
    })
}

/// The address, and the contact if it is for the contact.
fn recipient(config: &Config, scope: &Scope, context: &Context) -> Result<(String, Option<String>), Failure> {
    match config.recipient.kind {
        RecipientType::Contact => {
            let id = context.contact_id().ok_or_else(no_contact)?;
            let email = context.contact().get("email").and_then(|email| email.as_str()).unwrap_or_default();
            Ok((address(email)?, Some(id.to_owned())))
        }
        RecipientType::Custom => {
            let rendered = scope.render(config.recipient.custom_email()?, Escape::None)?;
            Ok((address(&rendered)?, None))
        }
    }
}

fn address(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if is_address(text) {
        return Ok(text.to_owned());
    }
    Err(Failure::fatal("invalid-recipient", "the recipient has no valid email address"))
}

/// Where the contact unsubscribes, if the body has to say so. An address that is not the contact's must not get the link: it would act for the contact.
fn unsubscribe_url(kind: Kind, is_contact: bool, context: &Context) -> Option<&str> {
    let wanted = kind == Kind::Marketing && is_contact;
    context.about_text("/urls/unsubscribeUrl").filter(|url| wanted && !url.is_empty())
}

fn consent(kind: Kind) -> Consent {
    match kind {
        Kind::Transactional => Consent::Transactional,
        Kind::Marketing | Kind::Headless => Consent::Marketing,
    }
}

/// The configured text, rendered, else the template's as it is; none when it is empty.
fn line(own: Option<&str>, other: Option<String>, scope: &Scope) -> Result<Option<String>, Failure> {
    let own = own.map(|text| scope.render(text, Escape::None)).transpose()?;
    let text = own.map(|text| one_line(&text)).filter(|text| !text.is_empty());
    Ok(text.or_else(|| other.filter(|text| !text.is_empty())))
}

/// A text as a header can hold it: without line breaks.
fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn no_contact() -> Failure {
    Failure::fatal("no-contact", "the execution has no contact; start it with one, or send to a custom address")
}
