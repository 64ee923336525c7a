//! `PATCH /v1/workflows/executions/{executionId}`.

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::WorkspaceId;
use stepwell_core::flow::{Closing, Deed, FlowPatch};

use super::{act, load, read};
use crate::error::ApiError;
use crate::extract::At;
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::definitions::due;
use crate::flows::error::Absent;
use crate::flows::wire::v1_requests::WorkflowExecutionUpdateReq;
use crate::flows::{closing, contexts};
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Changes an execution: what is sent of it. `closedBy` is shown as `lastModifiedBy`.
#[utoipa::path(
    patch, path = "/v1/workflows/executions/{executionId}", tag = "checklists", security(("secret_key" = ["flows:write"])),
    params(("executionId" = String, Path, description = "Which one")), request_body = WorkflowExecutionUpdateReq,
    responses((status = 204, description = "Changed"))
)]
pub(crate) async fn update(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Body(wanted): Body<WorkflowExecutionUpdateReq>,
) -> Result<StatusCode, ApiError> {
    let found = load(&state, key.workspace, &id, Absent::NotFound).await?;
    let patch = patch(&state, key.workspace, wanted).await?;
    act(&state, key.workspace, found.execution.id, &key.user, Deed::PatchFlow(Box::new(patch))).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn patch(
    state: &ApiState,
    workspace: WorkspaceId,
    wanted: WorkflowExecutionUpdateReq,
) -> Result<FlowPatch, ApiError> {
    if let Some(person) = &wanted.closed_by {
        read::person(person, "closedBy")?;
    }
    let about = wanted.contexts.map(read::contexts);
    if let Some(about) = &about {
        contexts::check(about, ("id", "schema"))?;
        contexts::known(&mut state.store().reader().await?, workspace, about).await?;
    }
    let selected = wanted.selected_closing_reasons;
    let selected = selected.map(|sent| closing::reasons(sent, "selectedClosingReasons")).transpose()?;
    let description = wanted.closing_reason_description;
    let closing =
        (selected.is_some() || description.is_some()).then(|| Closing { selected, description, ..Closing::default() });
    Ok(FlowPatch {
        status: wanted.status.map(Into::into),
        assignees: wanted.assigned_to.map(|people| read::people(people, "assignedTo")).transpose()?,
        closing,
        closed_by: wanted.closed_by,
        due: wanted.due_date.map(|text| read::due(&text, "dueDate")).transpose()?,
        due_rule: wanted.dynamic_due_date.map(|rule| due::rule(&rule, "dynamicDueDate")).transpose()?,
        contexts: about,
        completed_at: wanted.completed_time.map(|text| read::time(&text, "completedTime")).transpose()?,
    })
}
