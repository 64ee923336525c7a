//! Message templates (spec plunk-workflows, section 12).

pub(crate) mod bulk;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod duplicate;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;
pub(crate) mod usage;
mod wire;

pub(crate) use wire::check_syntax;
