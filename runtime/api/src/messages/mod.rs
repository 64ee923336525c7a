//! Sending email (spec plunk-workflows, section 13), and what became of a message.

mod compose;
pub(crate) mod get;
pub(crate) mod send;
mod wire;
