//! People (spec plunk-workflows, section 11).

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod lookup;
pub(crate) mod update;
mod wire;

pub(crate) use wire::{ContactBody, merged_data};
