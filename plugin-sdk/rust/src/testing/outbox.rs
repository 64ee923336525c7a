//! The fake of `stepwell:plugin/outbox`.

use super::state::{Effect, with};
use crate::bindings::stepwell::plugin::outbox as wire;
use crate::export::value;
use crate::outbox::{Email, Options};

pub(crate) fn queue_email(email: &wire::Email) -> Result<String, wire::QueueError> {
    with(|state| {
        if state.denies("outbox") {
            return Err(wire::QueueError::Denied);
        }
        let queued = |effect: &&Effect| matches!(effect, Effect::QueueEmail(_));
        let id = format!("email-{}", state.effects.iter().filter(queued).count() + 1);
        state.effects.push(Effect::QueueEmail(lift(email)));
        Ok(id)
    })
}

fn lift(email: &wire::Email) -> Email {
    let options = value(&email.options);
    let headers = options.get("headers").cloned().and_then(|headers| serde_json::from_value(headers).ok());
    let text = options.get("text").and_then(|text| text.as_str()).map(str::to_owned);
    Email {
        to: email.to.clone(),
        from: email.from.clone(),
        from_name: email.from_name.clone(),
        reply_to: email.reply_to.clone(),
        subject: email.subject.clone(),
        html: email.html.clone(),
        consent: email.consent,
        contact_id: email.contact_id.clone(),
        template_id: email.template_id.clone(),
        options: Options { headers: headers.unwrap_or_default(), text },
    }
}
