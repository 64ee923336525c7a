//! The outbox: messages to people. Transactional: nothing queued is delivered unless the step's outcome is stored.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Failure;
use crate::bindings::stepwell::plugin::outbox as wire;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::plugin::outbox as host;
pub use crate::bindings::stepwell::plugin::outbox::{Consent, QueueError};
use crate::export::text;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::outbox as host;

/// One email, rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Email {
    /// The recipient's address.
    pub to: String,
    /// The sender's address; empty for the server's default.
    pub from: String,
    /// The sender's name.
    pub from_name: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// The subject.
    pub subject: String,
    /// The body.
    pub html: String,
    /// Whether the recipient's consent is needed: checked when queueing and once more at delivery.
    pub consent: Consent,
    /// The contact it is for, whose consent counts; none for a foreign address.
    pub contact_id: Option<String>,
    /// The template it was made from.
    pub template_id: Option<String>,
    /// More, in a form that may grow.
    pub options: Options,
}

/// More about an email.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Options {
    /// Further headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Queues one email and answers with the id under which its delivery is reported.
pub fn queue_email(email: &Email) -> Result<String, QueueError> {
    host::queue_email(&wire::Email {
        to: email.to.clone(),
        from: email.from.clone(),
        from_name: email.from_name.clone(),
        reply_to: email.reply_to.clone(),
        subject: email.subject.clone(),
        html: email.html.clone(),
        consent: email.consent,
        contact_id: email.contact_id.clone(),
        template_id: email.template_id.clone(),
        options: text(&email.options),
    })
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Denied => Self::denied("stepwell:plugin/outbox"),
            QueueError::Invalid(what) => Self::fatal("invalid-message", format!("the email is refused: {what}")),
        }
    }
}
