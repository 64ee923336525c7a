//! `PATCH /v2/flows/executions/{execution_id}/phases/{phase_id}`.

use axum::extract::State;
use stepwell_core::flow::{Deed, People, PhasePatch};

use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::error::Absent;
use crate::flows::executions::read::due;
use crate::flows::executions::{self, show};
use crate::flows::tasks::read;
use crate::flows::wire::execution::{PatchPhaseReq, Phase};
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Changes a phase: what is sent of it. How it stands follows from its tasks and cannot be set.
#[utoipa::path(
    patch, path = "/v2/flows/executions/{execution_id}/phases/{phase_id}", tag = "flows",
    security(("secret_key" = ["flows:write"])),
    params(
        ("execution_id" = String, Path, description = "Of which execution"),
        ("phase_id" = String, Path, description = "Which phase, by its id in the execution"),
    ),
    request_body = PatchPhaseReq, responses((status = 200, description = "The phase as it is now", body = Phase))
)]
pub(crate) async fn patch(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At((execution, phase)): At<(String, String)>,
    Body(wanted): Body<PatchPhaseReq>,
) -> Result<Json<Phase>, ApiError> {
    let loaded = executions::load(&state, key.workspace, &execution, Absent::BadRequest).await?;
    let known = loaded.people.flow.data.phases.iter().any(|known| known.id == phase);
    let unknown = || Absent::BadRequest.error("phase", &phase);
    known.then_some(()).ok_or_else(unknown)?;
    let does = Deed::PatchPhase(phase.clone(), change(wanted, &loaded.people)?);
    let acted = executions::act(&state, loaded, &key.user, does).await?;
    show::phase(&acted, &phase).map(Json).ok_or_else(unknown)
}

/// What is changed of the phase.
fn change(wanted: PatchPhaseReq, of: &People) -> Result<PhasePatch, ApiError> {
    Ok(PhasePatch {
        name: wanted.name.map(|name| read::name(name, "name")).transpose()?,
        due: read::due(wanted.due_date, "due_date")?,
        due_rule: wanted.due_date_config.map(|config| due(config, "due_date_config", of)).transpose()?,
        assignees: read::people(wanted.assigned_to, "assigned_to")?,
    })
}
