//! Step type `send-email`: renders a template and queues it to the contact or to a fixed address.

mod config;
mod footer;
mod message;

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Retry, Step, Timestamp, outbox, templates};

pub use crate::config::Config;
use crate::config::RecipientType;

/// The step type.
pub struct SendEmail;

/// The output.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Output {
    /// The id under which the delivery is reported.
    email_id: String,
    /// When the email was queued.
    sent_at: Timestamp,
    /// Whom it is for.
    recipient_type: RecipientType,
    /// The address.
    recipient_email: String,
}

impl Step for SendEmail {
    type Config = Config;
    const TYPE: &'static str = "send-email";

    fn describe() -> Description {
        Description::new("Send email", "Sends a template to the contact or to an address of your choice.")
            .version(env!("CARGO_PKG_VERSION"))
            .icon("mail")
            .output::<Output>()
            .retry(Retry { max_attempts: 3, initial_delay_ms: 2_000, max_delay_ms: 60_000, multiplier: 2.0 })
    }

    fn validate(config: &Config) -> Vec<Problem> {
        config.problems()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        let template = templates::get(config.template_id()?)?;
        let email = message::compose(&config, template, context)?;
        let email_id = outbox::queue_email(&email)?;
        Ok(Outcome::completed(Output {
            email_id,
            sent_at: context.now,
            recipient_type: config.recipient.kind,
            recipient_email: email.to,
        }))
    }
}

stepwell_plugin::export!(SendEmail);

#[cfg(test)]
mod tests;
