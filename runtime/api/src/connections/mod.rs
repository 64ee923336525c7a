//! Stored credentials: steps use them by name, and nobody sees the secret again.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
mod wire;
