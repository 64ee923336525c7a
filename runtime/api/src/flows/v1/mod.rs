//! Executions of the first version (spec epilot-flows, 2, 6 and 13): sections and steps, from top to bottom.

mod closing;
mod create;
mod delete;
mod get;
mod list;
mod read;
mod search;
mod show;
mod step_show;
mod steps;
mod update;

use stepwell_core::flow::{Act, ActRefused, Deed, Flow, People, Surface, Task};
use stepwell_core::{ExecutionId, WorkspaceId};
use stepwell_engine::{Acted, EngineError};
use stepwell_store::Conn;
use stepwell_store::flow::{self, Loaded};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::show::{Detail, Shown};
use super::error::{Absent, invalid};
use super::short::short;
use super::wire::v1::WorkflowExecution;
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::ids;
use crate::state::ApiState;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(search::executions))
        .routes(routes!(search::steps))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(closing::reasons))
        .routes(routes!(steps::create::create))
        .routes(routes!(steps::update::update, steps::delete::delete))
}

/// There is no such execution in the workspace.
fn unknown(absent: Absent, id: &str) -> ApiError {
    absent.error("execution", id)
}

/// The execution of an id on the wire, if there is one.
async fn find(conn: &mut Conn, workspace: WorkspaceId, id: &str) -> Result<Option<Loaded>, ApiError> {
    let Some(id) = ids::parse::<ExecutionId>(id) else { return Ok(None) };
    let found = flow::load(conn, workspace, id).await?;
    Ok(found.filter(|found| found.people.flow.surface == Surface::Checklist))
}

/// The execution of an id on the wire, or what is said where there is none.
async fn load(state: &ApiState, workspace: WorkspaceId, id: &str, absent: Absent) -> Result<Loaded, ApiError> {
    let found = find(&mut state.store().reader().await?, workspace, id).await?;
    found.ok_or_else(|| unknown(absent, id))
}

/// Has `by` do something to an execution.
async fn act(
    state: &ApiState,
    workspace: WorkspaceId,
    id: ExecutionId,
    by: &str,
    does: Deed,
) -> Result<Acted, ApiError> {
    let act = Act { by: by.to_owned(), does };
    state.engine().act(workspace, id, act).await.map_err(refused)
}

/// What is refused is a bad request, in the words of the first version.
fn refused(error: EngineError) -> ApiError {
    let EngineError::Act(refused) = error else { return error.into() };
    match refused {
        ActRefused::OneReason => invalid("selectedClosingReasons", "only one reason may be chosen"),
        ActRefused::Invalid { field, message } => invalid(field, message),
        ActRefused::NotAutomation => invalid("automationConfig", "the step is no automation"),
        other => ApiError::bad_request(other.to_string()),
    }
}

/// An execution after an act, as it is shown.
fn shown(acted: &Acted) -> Json<WorkflowExecution> {
    Json(show::execution(&of(acted), Detail::Full))
}

fn of(acted: &Acted) -> Shown<'_> {
    let People { flow, tasks, .. } = &acted.people;
    Shown { flow, tasks, graph: &acted.graph, version: acted.execution.row_version }
}

/// The step of an id on the wire, or 400: in the first version an unknown step is a bad request.
fn step<'t>(tasks: &'t [Task], id: &str, absent: Absent) -> Result<&'t Task, ApiError> {
    tasks.iter().find(|task| short(task.id.0) == id).ok_or_else(|| absent.error("step", id))
}

/// The section of an id on the wire, by its id in the execution.
fn section(flow: &Flow, id: &str, field: &str) -> Result<String, ApiError> {
    let mut phases = flow.data.phases.iter();
    let found = phases.find(|phase| show::section_id(flow, &phase.key) == id);
    let unknown = || invalid(field, "there is no section of this id");
    found.map(|phase| phase.id.clone()).ok_or_else(unknown)
}
