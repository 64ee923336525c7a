//! Email: from the outbox over SMTP to people, and what comes back from them.
//!
//! A message is delivered at least once, always under the same Message-ID. Without a mail server messages wait: they stay
//! pending, say so in their error, and are sent once a server is configured.

mod compose;
mod deliver;
mod feedback;
mod rewrite;
mod text;
mod tracking;
mod worker;

pub use compose::Style;
pub use deliver::{BadSmtpUrl, Mailer, SmtpUrl};
pub use lettre::message::Mailbox;
pub use worker::{MailOptions, MailWorker};
