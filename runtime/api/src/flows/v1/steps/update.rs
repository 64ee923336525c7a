//! `PATCH /v1/workflows/executions/{executionId}/steps/{stepId}`.

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value, json};
use stepwell_core::TaskId;
use stepwell_core::flow::{Deed, Flow, RunResult, TaskPatch, Times};

use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::definitions::due;
use crate::flows::error::Absent;
use crate::flows::v1::show::Detail;
use crate::flows::v1::{act, load, of, read, section, step, step_show};
use crate::flows::wire::v1::Step;
use crate::flows::wire::v1_requests::{StepPositionAt, UpdateStepReq};
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Changes a step: what is sent of it. An unknown execution or step is a bad request.
#[utoipa::path(
    patch, path = "/v1/workflows/executions/{executionId}/steps/{stepId}", tag = "checklists",
    security(("secret_key" = ["flows:write"])),
    params(
        ("executionId" = String, Path, description = "Which execution"),
        ("stepId" = String, Path, description = "Which step, by its id in the execution"),
    ),
    request_body = UpdateStepReq, responses((status = 200, description = "The step as it is now", body = Step))
)]
pub(crate) async fn update(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At((id, step_id)): At<(String, String)>,
    Body(wanted): Body<UpdateStepReq>,
) -> Result<Json<Step>, ApiError> {
    let found = load(&state, key.workspace, &id, Absent::BadRequest).await?;
    let task = step(&found.people.tasks, &step_id, Absent::BadRequest)?.id;
    let does = deed(&found.people.flow, task, wanted)?;
    let acted = act(&state, key.workspace, found.execution.id, &key.user, does).await?;
    let changed = acted.people.task(task).ok_or_else(|| Absent::BadRequest.error("step", &step_id))?;
    Ok(Json(step_show::step(&of(&acted), changed, Detail::Full)))
}

fn deed(flow: &Flow, task: TaskId, mut wanted: UpdateStepReq) -> Result<Deed, ApiError> {
    let moved = wanted.position.take().map(|place| moved(flow, task, &place)).transpose()?;
    let patched = Deed::PatchTask(task, Box::new(patch(wanted)?));
    Ok(match moved {
        Some(moved) => Deed::Several(vec![patched, moved]),
        None => patched,
    })
}

fn moved(flow: &Flow, task: TaskId, place: &StepPositionAt) -> Result<Deed, ApiError> {
    let named = place.section_id.as_deref();
    let section = named.map(|id| section(flow, id, "position.sectionId")).transpose()?;
    Ok(Deed::MoveItem { task, section, index: read::index(place.index, "position.index")? })
}

fn patch(wanted: UpdateStepReq) -> Result<TaskPatch, ApiError> {
    let times = times(&wanted)?;
    let config = wanted.automation_config;
    Ok(TaskPatch {
        shown: shown(&[
            ("description", wanted.description.as_ref().map(as_json)),
            ("entityRefId", wanted.entity_ref_id.as_ref().map(as_json)),
            ("userIds", wanted.user_ids.as_ref().map(as_json)),
        ]),
        name: wanted.name,
        status: wanted.status.map(Into::into),
        due: wanted.due_date.map(|text| read::due(&text, "dueDate")).transpose()?,
        due_rule: wanted.dynamic_due_date.map(|rule| due::rule(&rule, "dynamicDueDate")).transpose()?,
        assignees: wanted.assigned_to.map(|people| read::people(people, "assignedTo")).transpose()?,
        run: config.as_ref().map(|config| json!({ "flowId": config.flow_id })),
        run_status: config.map(|config| RunResult {
            id: config.execution_id,
            status: config.execution_status,
            error: None,
        }),
        times,
        ..TaskPatch::default()
    })
}

/// Who moved it where and when it began and ended, where that is said.
fn times(wanted: &UpdateStepReq) -> Result<Option<Times>, ApiError> {
    let time = |text: &Option<String>, field| text.as_deref().map(|text| read::time(text, field)).transpose();
    for (person, field) in
        [(&wanted.assigned_to_in_progress, "assignedToInProgress"), (&wanted.assigned_to_on_hold, "assignedToOnHold")]
    {
        if let Some(person) = person {
            read::person(person, field)?;
        }
    }
    let times = Times {
        started_at: time(&wanted.started_time, "startedTime")?,
        completed_at: time(&wanted.completed_time, "completedTime")?,
        in_progress_by: wanted.assigned_to_in_progress.clone(),
        on_hold_by: wanted.assigned_to_on_hold.clone(),
        ..Times::default()
    };
    Ok((times != Times::default()).then_some(times))
}

fn shown(members: &[(&str, Option<Value>)]) -> Map<String, Value> {
    members.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?))).collect()
}

fn as_json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
