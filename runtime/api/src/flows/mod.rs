//! The flows surface (spec epilot-flows): templates of flows, executions, tasks and phases, and their first version.
//!
//! Errors are sent as [`wire::common::ErrorResp`]; [`error::dress`] around the routes sees to it. A body is read as JSON whatever its
//! `Content-Type` says, members that are not known are accepted, and ids are opaque texts.

pub(crate) mod actor;
pub(crate) mod body;
pub(crate) mod closing;
pub(crate) mod colon;
pub(crate) mod contexts;
pub(crate) mod convert;
pub(crate) mod definitions;
pub(crate) mod error;
mod executions;
pub(crate) mod ids;
mod phases;
pub(crate) mod read;
mod reasons;
pub(crate) mod refused;
pub(crate) mod short;
mod tasks;
mod template;
mod v1;
pub(crate) mod wire;

use utoipa_axum::router::OpenApiRouter;

use crate::state::ApiState;

/// The routes of the surface.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(template::routes())
        .merge(definitions::routes())
        .merge(reasons::routes())
        .merge(executions::routes())
        .merge(tasks::routes())
        .merge(phases::routes())
        .merge(v1::routes())
}
