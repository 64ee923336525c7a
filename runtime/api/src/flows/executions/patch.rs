//! `PATCH /v2/flows/executions/{execution_id}`.

use axum::extract::State;
use stepwell_core::WorkspaceId;
use stepwell_core::flow::{Deed, FlowPatch, People};

use super::{act, load, read, show};
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows;
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::convert::all;
use crate::flows::error::Absent;
use crate::flows::wire::execution::{FlowExecution, PatchFlowReq};
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Changes an execution: what is sent of it.
#[utoipa::path(
    patch, path = "/v2/flows/executions/{execution_id}", tag = "flows", security(("secret_key" = ["flows:write"])),
    params(("execution_id" = String, Path, description = "Which one")), request_body = PatchFlowReq,
    responses((status = 200, description = "The execution as it is now", body = FlowExecution))
)]
pub(crate) async fn patch(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Body(wanted): Body<PatchFlowReq>,
) -> Result<Json<FlowExecution>, ApiError> {
    let found = load(&state, key.workspace, &id, Absent::NotFound).await?;
    let patch = change(&state, key.workspace, &found.people, wanted).await?;
    let acted = act(&state, found, &key.user, Deed::PatchFlow(Box::new(patch))).await?;
    Ok(Json(show::execution(&acted)))
}

async fn change(
    state: &ApiState,
    workspace: WorkspaceId,
    of: &People,
    wanted: PatchFlowReq,
) -> Result<FlowPatch, ApiError> {
    let contexts = match wanted.contexts {
        Some(sent) => Some(read::contexts(&mut state.store().reader().await?, workspace, sent).await?.0),
        None => None,
    };
    Ok(FlowPatch {
        status: wanted.status.map(Into::into),
        assignees: wanted.assigned_to.map(|people| flows::read::people(all(people), "assigned_to")).transpose()?,
        closing: wanted.closing_reason.map(read::closing).transpose()?,
        closed_by: None,
        due: wanted.due_date.map(|text| flows::read::due(&text.unwrap_or_default(), "due_date")).transpose()?,
        due_rule: wanted.due_date_config.map(|config| read::due(config, "due_date_config", of)).transpose()?,
        contexts,
        completed_at: None,
    })
}
