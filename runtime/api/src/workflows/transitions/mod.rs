//! The transitions of a workflow (spec plunk-workflows, 5).

pub(super) mod create;
pub(super) mod delete;
pub(super) mod insert_step;
