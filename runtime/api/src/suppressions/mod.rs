//! Addresses that get no marketing messages, whatever a subscription says.

pub(crate) mod add;
pub(crate) mod list;
pub(crate) mod remove;
mod wire;
