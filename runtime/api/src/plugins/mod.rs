//! Plugins: components that offer step types, and what they were granted.

pub(crate) mod get;
pub(crate) mod grant;
pub(crate) mod install;
pub(crate) mod list;
pub(crate) mod remove;
mod wire;
