//! The flows surface (spec epilot-flows): templates of flows, executions, tasks and phases, and their first version.
//!
//! Errors are sent as [`wire::common::ErrorResp`]; [`error::dress`] around the routes sees to it. A body is read as JSON whatever its
//! `Content-Type` says, members that are not known are accepted, and ids are opaque texts.

pub(crate) mod actor;
pub(crate) mod body;
pub(crate) mod colon;
pub(crate) mod error;
pub(crate) mod ids;
pub(crate) mod wire;
