//! `PATCH /v2/flows/executions/{execution_id}/tasks/{task_id}`.

use axum::extract::State;
use serde_json::{Map, Value};
use stepwell_core::flow::{Deed, People, Task, TaskKind, TaskPatch};

use super::{find, read, shown};
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::error::{Absent, invalid};
use crate::flows::executions;
use crate::flows::executions::read::due;
use crate::flows::wire;
use crate::flows::wire::common::StepDescription;
use crate::flows::wire::task::PatchTaskReq;
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// The most characters of a description.
const MAX_DESCRIPTION: usize = 10_000;

/// Changes a task: what is sent of it. What the change sets to work has been done when this answers, as far as nothing outside is
/// waited for.
#[utoipa::path(
    patch, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}", tag = "flows",
    security(("secret_key" = ["flows:write"])),
    params(
        ("execution_id" = String, Path, description = "Of which execution"),
        ("task_id" = String, Path, description = "Which task, by its id in the execution"),
    ),
    request_body = PatchTaskReq, responses((status = 200, description = "The task as it is now", body = wire::task::Task))
)]
pub(crate) async fn patch(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(ids): At<(String, String)>,
    Body(wanted): Body<PatchTaskReq>,
) -> Result<Json<wire::task::Task>, ApiError> {
    let (loaded, task) = find(&state, key.workspace, &ids, Absent::NotFound).await?;
    let patch = change(wanted, &task, &loaded.people)?;
    let does = Deed::PatchTask(task.id, Box::new(patch));
    let acted = executions::act(&state, loaded, &key.user, does).await?;
    shown(&acted, task.id)
}

/// What is changed of the task.
fn change(wanted: PatchTaskReq, task: &Task, of: &People) -> Result<TaskPatch, ApiError> {
    let automation = match wanted.automation_config {
        Some(_) if task.kind != TaskKind::Automation => {
            return Err(invalid("automation_config", "the task is no automation"));
        }
        Some(sent) => Some(read::automation(sent, Some(task), of, "automation_config")?),
        None => None,
    };
    let (run, run_status) = match automation {
        Some(read::Automation { config, run }) => (Some(read::kept(&config, "automation_config")?), run),
        None => (None, None),
    };
    if let Some(config) = &run {
        read::room_for(config, of, "automation_config")?;
    }
    let members = members(wanted.description, [wanted.ecp, wanted.installer], wanted.partner, of)?;
    Ok(TaskPatch {
        name: wanted.name.map(|name| read::name(name, "name")).transpose()?,
        status: wanted.status.map(Into::into),
        due: read::due(wanted.due_date, "due_date")?,
        due_rule: wanted.due_date_config.map(|config| due(config, "due_date_config", of)).transpose()?,
        assignees: read::people(wanted.assigned_to, "assigned_to")?,
        enabled: wanted.enabled,
        run,
        run_status,
        shown: members,
        next_condition: wanted.next_condition_id,
        revert: wanted.revert_execution,
        via_form: wanted.completed_via_journey,
        times: None,
    })
}

/// The members that are only kept and shown.
fn members(
    description: Option<StepDescription>,
    portals: [Option<wire::common::ECPDetails>; 2],
    partner: Option<wire::common::PartnerDetails>,
    of: &People,
) -> Result<Map<String, Value>, ApiError> {
    let text = description.as_ref().and_then(|description| description.value.as_deref());
    if text.is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
        let message = format!("must have at most {MAX_DESCRIPTION} characters");
        return Err(ApiError::field("description.value", "invalid_string", message));
    }
    let [ecp, installer] = portals;
    let sent = [
        ("description", description.map(|it| read::kept(&it, "description"))),
        ("ecp", ecp.map(|it| read::kept(&it, "ecp"))),
        ("installer", installer.map(|it| read::kept(&it, "installer"))),
        ("partner", partner.map(|it| read::kept(&it, "partner"))),
    ];
    let mut members = Map::new();
    for (name, value) in sent {
        let Some(value) = value.transpose()? else { continue };
        members.insert(name.to_owned(), value);
        read::room_for(&members, of, name)?;
    }
    Ok(members)
}
