//! `POST /v1/workflows/executions/search` and `…/steps/search`, both deprecated.

use axum::extract::State;
use stepwell_core::flow::{FlowStatus, Surface};
use stepwell_store::flow::{self, FlowQuery, FlowSort};
use stepwell_store::task::{self, FoundStep, StepQuery, StepSort, StepStanding};

use super::list::slim;
use super::show::{self, Detail, Shown};
use super::{read, step_show};
use crate::auth::Secret;
use crate::error::ApiError;
use crate::extract::Json;
use crate::flows::body::Body;
use crate::flows::wire::v1_search::{
    ItemStatus, LastEvaluatedKey, SearchExecutionsReq, SearchExecutionsResp, SearchSorting, SearchStepsReq,
    SearchStepsResp, StepExtended,
};
use crate::scope::FlowsRead;
use crate::state::ApiState;

/// How many executions a page has.
const PAGE: i64 = 50;

/// The most steps of a page.
const MAX_STEPS: u32 = 100;

/// How many steps a page has unless it is said.
const USUAL_STEPS: u32 = 25;

/// How many steps may be left out.
const MAX_FROM: u32 = 10_000;

/// Searches executions, 50 at a time: those that run, unless it is said otherwise.
#[utoipa::path(
    post, path = "/v1/workflows/executions/search", tag = "checklists", security(("secret_key" = ["flows:read"])),
    request_body = SearchExecutionsReq,
    responses((status = 200, description = "A page of the executions", body = SearchExecutionsResp))
)]
pub(crate) async fn executions(
    key: Secret<FlowsRead>,
    State(state): State<ApiState>,
    Body(wanted): Body<SearchExecutionsReq>,
) -> Result<Json<SearchExecutionsResp>, ApiError> {
    let query = flow_query(wanted)?;
    let mut conn = state.store().reader().await?;
    let found = flow::search(&mut conn, key.workspace, &query).await?;
    let last = found.flows.last().filter(|_| found.more).map(|flow| LastEvaluatedKey {
        org_id: Some(flow.workspace_id.to_string()),
        creation_time: Some(flow.created_at.to_rfc3339()),
    });
    let ids: Vec<_> = found.flows.iter().map(|flow| flow.execution_id).collect();
    let executions = slim(&mut conn, key.workspace, &ids).await?;
    Ok(Json(SearchExecutionsResp { executions, last_evaluated_key: last }))
}

fn flow_query(wanted: SearchExecutionsReq) -> Result<FlowQuery, ApiError> {
    let statuses = match (wanted.status, wanted.include_done_workflows) {
        (Some(status), _) => vec![status.into()],
        (None, Some(true)) => Vec::new(),
        (None, Some(false) | None) => vec![FlowStatus::Started],
    };
    let after = wanted.pagination.and_then(|page| page.creation_time);
    let after = after.map(|text| read::time(&text, "pagination.creationTime")).transpose()?;
    let sort = match wanted.sorting {
        None | Some(SearchSorting::TriggerDateDesc) => FlowSort::CreatedDesc,
        Some(SearchSorting::TriggerDateAsc) => FlowSort::CreatedAsc,
        Some(SearchSorting::AZ) => FlowSort::NameAsc,
        Some(SearchSorting::ZA) => FlowSort::NameDesc,
        Some(SearchSorting::DueDateAsc) => FlowSort::DueAsc,
        Some(SearchSorting::DueDateDesc) => FlowSort::DueDesc,
    };
    let (surface, name) = (Surface::Checklist, wanted.name);
    Ok(FlowQuery { surface, name, statuses, assignee: wanted.assigned_to, sort, after, limit: PAGE })
}

/// Searches steps of executions: of those that run, unless it is said otherwise.
#[utoipa::path(
    post, path = "/v1/workflows/executions/steps/search", tag = "checklists", security(("secret_key" = ["flows:read"])),
    request_body = SearchStepsReq,
    responses((status = 200, description = "A part of the steps, and how many there are", body = SearchStepsResp))
)]
pub(crate) async fn steps(
    key: Secret<FlowsRead>,
    State(state): State<ApiState>,
    Body(wanted): Body<SearchStepsReq>,
) -> Result<Json<SearchStepsResp>, ApiError> {
    let query = step_query(wanted)?;
    let found = task::search_steps(&mut state.store().reader().await?, key.workspace, &query).await?;
    Ok(Json(SearchStepsResp { hits: found.total, results: found.items.iter().map(extended).collect() }))
}

fn step_query(wanted: SearchStepsReq) -> Result<StepQuery, ApiError> {
    let page = wanted.pagination.unwrap_or_default();
    let number =
        |given: Option<f64>, usual, field, most| given.map_or(Ok(usual), |given| read::whole(given, field, most));
    let standing = wanted.status.map(|status| match status {
        ItemStatus::Open => StepStanding::Open,
        ItemStatus::Complete => StepStanding::Done,
        ItemStatus::NextOpenItemInWorkflow => StepStanding::Current,
    });
    let sort = match wanted.sorting {
        None | Some(SearchSorting::TriggerDateDesc) => StepSort::StartedDesc,
        Some(SearchSorting::TriggerDateAsc) => StepSort::StartedAsc,
        Some(SearchSorting::AZ) => StepSort::NameAsc,
        Some(SearchSorting::ZA) => StepSort::NameDesc,
        Some(SearchSorting::DueDateAsc) => StepSort::DueAsc,
        Some(SearchSorting::DueDateDesc) => StepSort::DueDesc,
    };
    Ok(StepQuery {
        surface: Surface::Checklist,
        flow_name: wanted.execution_name,
        name: wanted.step_name,
        // A number whole or not: Rust writes 7.0 as 7.
        assignees: wanted.assigned_to.map(|number| number.to_string()).into_iter().collect(),
        ended: wanted.include_done_workflows.unwrap_or(false),
        added: wanted.manually_created,
        standing,
        sort,
        from: number(page.from, 0, "pagination.from", MAX_FROM)?,
        size: number(page.size, USUAL_STEPS, "pagination.size", MAX_STEPS)?,
    })
}

fn extended(found: &FoundStep) -> StepExtended {
    let of = Shown { flow: &found.flow, tasks: &[], graph: &found.graph, version: 0 };
    StepExtended {
        step: step_show::step(&of, &found.task, Detail::Full),
        execution_name: found.flow.name.clone(),
        execution_status: found.flow.status.into(),
        contexts: Some(show::contexts(&found.flow.contexts)),
    }
}
