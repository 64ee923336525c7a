//! Closing reasons: the catalogue of a workspace (spec epilot-flows, 3 and 7).

mod create;
mod delete;
mod get;
mod list;
mod status;
mod update;

use stepwell_store::closing_reason::ClosingReason;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Absent;
use super::wire::reason::{CatalogueReason, ClosingReasonsStatus};
use crate::error::ApiError;
use crate::state::ApiState;
use crate::wire::Time;

/// The most reasons of a workspace.
const MAX_REASONS: u16 = 1_000;

/// The most characters of a reason's id.
const MAX_ID: usize = 100;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get_first, status::change))
        .routes(routes!(get::get, update::update, delete::delete))
}

/// There is no such reason in the workspace.
fn unknown(absent: Absent, id: &str) -> ApiError {
    absent.error("closing reason", id)
}

/// An id as it may be in a path; what is none names nothing.
fn known(absent: Absent, id: String) -> Result<String, ApiError> {
    let fits = !id.is_empty() && id.chars().count() <= MAX_ID && !id.contains('\0');
    if fits { Ok(id) } else { Err(unknown(absent, &id)) }
}

impl From<ClosingReason> for CatalogueReason {
    fn from(reason: ClosingReason) -> Self {
        Self {
            id: reason.id,
            title: reason.title,
            status: if reason.active { ClosingReasonsStatus::Active } else { ClosingReasonsStatus::Inactive },
            last_update_time: Time(reason.updated_at),
            creation_time: Time(reason.created_at),
        }
    }
}

impl ClosingReasonsStatus {
    /// Whether it can be chosen.
    fn is_active(self) -> bool {
        self == Self::Active
    }
}
