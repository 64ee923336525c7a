//! Executions of flows (spec epilot-flows, 2, 5 and 9 to 11): started, shown, changed, searched and deleted.

mod delete;
mod get;
mod loops;
mod patch;
mod phase_show;
pub(crate) mod read;
mod search;
pub(crate) mod show;
mod start;
mod task_show;
mod work_show;

use axum::routing::post;
use stepwell_core::flow::{Act, Deed, Surface};
use stepwell_core::{ExecutionId, WorkspaceId};
use stepwell_engine::Acted;
use stepwell_store::flow::{self, Loaded};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::colon::spelled;
use super::error::Absent;
use super::{ids, refused};
use crate::error::ApiError;
use crate::state::ApiState;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    let routes = OpenApiRouter::new().routes(routes!(start::start)).routes(routes!(search::search)).routes(routes!(
        get::get,
        patch::patch,
        delete::delete
    ));
    spelled(routes, "/v2/flows/executions:search", &post(search::search))
}

/// The execution of an id on the wire, or what is said where there is none. One of another surface or workspace, and one that was
/// deleted softly, is none.
pub(crate) async fn load(
    state: &ApiState,
    workspace: WorkspaceId,
    id: &str,
    absent: Absent,
) -> Result<Loaded, ApiError> {
    let unknown = || absent.error("flow execution", id);
    let of = ids::parse::<ExecutionId>(id).ok_or_else(unknown)?;
    let found = flow::load(&mut state.store().quick_reader().await?, workspace, of).await?;
    found.filter(|found| found.people.flow.surface == Surface::Flow).ok_or_else(unknown)
}

/// Has `by` do something to an execution, as it was loaded to know what. What it answers is durable.
pub(crate) async fn act(state: &ApiState, loaded: Loaded, by: &str, does: Deed) -> Result<Acted, ApiError> {
    let absent = refused::absent(&does);
    let act = Act { by: by.to_owned(), does };
    state.engine().act_on(loaded, act).await.map_err(|error| refused::refused(error, absent))
}
