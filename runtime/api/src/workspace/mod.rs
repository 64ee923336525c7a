//! The workspace of a key.

pub(crate) mod get;
pub(crate) mod rotate;
mod wire;
