//! Tasks of executions (spec epilot-flows, 2, 5, 9 and 11): changed, added, and set to work.

mod add;
mod execute;
mod patch;
pub(crate) mod read;
mod reconcile;
mod run_automation;
mod schedule;

use axum::routing::post;
use stepwell_core::flow::Task;
use stepwell_core::{TaskId, WorkspaceId};
use stepwell_engine::Acted;
use stepwell_store::flow::Loaded;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::colon::spelled;
use super::error::Absent;
use super::executions::{self, show};
use super::{ids, wire};
use crate::error::ApiError;
use crate::extract::Json;
use crate::state::ApiState;

/// The routes.
#[expect(deprecated, reason = "the contract has deprecated operations")]
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    let routes = OpenApiRouter::new()
        .routes(routes!(add::add))
        .routes(routes!(patch::patch))
        .routes(routes!(execute::execute))
        .routes(routes!(run_automation::run))
        .routes(routes!(schedule::cancel))
        .routes(routes!(schedule::run_now))
        .routes(routes!(schedule::cancel_by_id))
        .routes(routes!(reconcile::reconcile));
    let path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/automation:run";
    spelled(routes, path, &post(run_automation::run))
}

/// The task that a request is about, and its execution. What is not there is answered as `absent` says.
async fn find(
    state: &ApiState,
    workspace: WorkspaceId,
    (execution, task): &(String, String),
    absent: Absent,
) -> Result<(Loaded, Task), ApiError> {
    let loaded = executions::load(state, workspace, execution, absent).await?;
    let id = ids::parse::<TaskId>(task);
    let found = id.and_then(|id| loaded.people.task(id)).cloned().ok_or_else(|| absent.error("task", task))?;
    Ok((loaded, found))
}

/// A task after an act.
fn shown(acted: &Acted, id: TaskId) -> Result<Json<wire::task::Task>, ApiError> {
    let task = acted.people.task(id).ok_or_else(|| ApiError::internal("the task that was changed is not there"))?;
    Ok(Json(show::task(acted, task)))
}
