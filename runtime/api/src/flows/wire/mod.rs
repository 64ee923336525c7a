//! The types of the flows surface, named and shaped as on the wire (spec epilot-flows, 4 to 7). Where a shape is in doubt, the OpenAPI
//! documents in the npm package decide.

pub(crate) mod common;
pub(crate) mod definition;
pub(crate) mod execution;
pub(crate) mod reason;
pub(crate) mod schedule;
pub(crate) mod sync;
pub(crate) mod task;
pub(crate) mod template;
pub(crate) mod template_search;
pub(crate) mod template_task;
pub(crate) mod v1;
pub(crate) mod v1_requests;
pub(crate) mod v1_search;
