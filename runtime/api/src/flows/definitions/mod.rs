//! Definitions of the first version (spec epilot-flows, 3, 7 and 13): sections and steps, kept as they were sent, and compiled to a list
//! of tasks that is worked on from top to bottom.

mod check;
mod closing;
mod create;
mod delete;
mod document;
mod draft;
pub(crate) mod due;
mod fill;
mod get;
mod list;
mod update;

use stepwell_core::DefinitionId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Absent;
use super::ids;
use crate::error::ApiError;
use crate::state::ApiState;

pub(crate) use draft::new_step;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(closing::get, closing::set))
}

/// There is no such definition in the workspace.
fn unknown(absent: Absent, id: &str) -> ApiError {
    absent.error("definition", id)
}

/// An id as it may be in a path; what is none names nothing.
fn known(absent: Absent, id: &str) -> Result<DefinitionId, ApiError> {
    ids::parse(id).ok_or_else(|| unknown(absent, id))
}
