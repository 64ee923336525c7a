//! The steps of a workflow (spec plunk-workflows, 4).

pub(super) mod add;
pub(super) mod build;
pub(super) mod delete;
pub(super) mod patch;
