//! Entities, which flows are about (spec epilot-flows, 14): `/v1/entity/{slug}`. Those of the slug `contact` are the contacts.
//!
//! Errors are sent as on the flows surface.

mod create;
mod get;
mod patch;
mod summary;
mod wire;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create::create)).routes(routes!(get::get, patch::patch))
}
