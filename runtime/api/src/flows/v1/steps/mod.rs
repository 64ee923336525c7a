//! Steps of running executions: added, changed, moved and taken out.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod update;
