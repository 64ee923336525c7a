//! What happened (spec plunk-workflows, section 10.2).

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod names;
pub(crate) mod of_contact;
pub(crate) mod stats;
pub(crate) mod track;
pub(crate) mod usage;
mod wire;
