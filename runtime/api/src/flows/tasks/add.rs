//! `POST /v2/flows/executions/{execution_id}/tasks`.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use stepwell_core::flow::{AddTask, Deed, People, RunResult, TaskPatch, TaskStatus, refuses};
use stepwell_core::{Given, TaskId};
use stepwell_store::flow::Loaded;

use super::{read, shown};
use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::error::{Absent, invalid};
use crate::flows::executions;
use crate::flows::executions::read::due;
use crate::flows::ids;
use crate::flows::read as checked;
use crate::flows::template::task::step;
use crate::flows::wire;
use crate::flows::wire::common::{More, TaskType};
use crate::flows::wire::task::{AddTaskReq, AutomationInfo, NewTask};
use crate::flows::wire::template_task::{TemplateAutomation, TemplateTask};
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Where a request says what an added automation runs.
const CONFIG: &str = "task.automation_config";

/// Adds a task to a running execution, between two tasks of which an edge leads from one to the other. Where the first of them is done
/// and the second current, it takes the place of the second.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/tasks", tag = "flows", security(("secret_key" = ["flows:write"])),
    params(("execution_id" = String, Path, description = "To which execution")), request_body = AddTaskReq,
    responses((status = 201, description = "The task", body = wire::task::Task))
)]
pub(crate) async fn add(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Body(wanted): Body<AddTaskReq>,
) -> Result<(StatusCode, Json<wire::task::Task>), ApiError> {
    let loaded = executions::load(&state, key.workspace, &id, Absent::BadRequest).await?;
    let stamp = state.engine().stamp();
    let given = Given::new(stamp.now, stamp.ids.as_ref());
    let added = added(wanted, &loaded, &given)?;
    let task = added.id.unwrap_or_else(|| state.new_id());
    let does = Deed::AddTask(Box::new(AddTask { id: Some(task), ..added }));
    let acted = executions::act(&state, loaded, &key.user, does).await?;
    Ok((StatusCode::CREATED, shown(&acted, task)?))
}

/// The task with its place.
fn added(wanted: AddTaskReq, of: &Loaded, given: &Given<'_>) -> Result<AddTask, ApiError> {
    let AddTaskReq { previous_task_id, next_task_id, task } = wanted;
    let previous = neighbour(&previous_task_id, "previous_task_id", &of.people)?;
    let next = neighbour(&next_task_id, "next_task_id", &of.people)?;
    let wrong = || invalid("task.id", "must be a UUID");
    let id = task.id.as_deref().map(|id| ids::parse::<TaskId>(id).ok_or_else(wrong)).transpose()?;
    let kind = kind(&task)?;
    let patch = said(&task, &of.people)?;
    let (template, run_status) = template(task, kind, of)?;
    let step = step(template, &HashSet::new(), given)?;
    Ok(AddTask { previous, next, id, step: Box::new(step), patch: TaskPatch { run_status, ..patch } })
}

fn neighbour(id: &str, field: &str, of: &People) -> Result<TaskId, ApiError> {
    let known = ids::parse(id).filter(|id| of.task(*id).is_some());
    let shown = || id.chars().take(64).collect::<String>();
    known.ok_or_else(|| invalid(field, format!("there is no task {:?}", shown())))
}

/// What kind of work it is: where that is not said, what it runs says it.
fn kind(task: &NewTask) -> Result<TaskType, ApiError> {
    match (task.task_type, &task.automation_config) {
        (None | Some(TaskType::Manual), None) => Ok(TaskType::Manual),
        (None | Some(TaskType::Automation), Some(_)) => Ok(TaskType::Automation),
        (Some(TaskType::Manual), Some(_)) => Err(invalid(CONFIG, "the task is no automation")),
        (Some(TaskType::Automation), None) => Err(ApiError::field(CONFIG, "required", "is required for an automation")),
        (Some(TaskType::Decision | TaskType::AiAgent), _) => {
            Err(invalid("task.task_type", "must be MANUAL or AUTOMATION"))
        }
    }
}

/// What is said of it beside its step.
fn said(task: &NewTask, of: &People) -> Result<TaskPatch, ApiError> {
    let status = task.status.map(TaskStatus::from);
    let enabled = task.enabled.unwrap_or(true);
    if let Some(refused) = status.and_then(|status| refuses(TaskStatus::Pending, status, enabled, false)) {
        return Err(invalid("task.status", refused.to_string().trim_start_matches("status: ")));
    }
    let date = task.due_date.as_deref().map(|text| checked::due(text, "task.due_date")).transpose()?;
    Ok(TaskPatch {
        status,
        due: date.flatten().map(Some),
        due_rule: task.due_date_config.clone().map(|config| due(config, "task.due_date_config", of)).transpose()?,
        assignees: read::people(task.assigned_to.clone(), "task.assigned_to")?,
        enabled: task.enabled,
        ..TaskPatch::default()
    })
}

/// The task as a template would have it, and how the run of its automation stands.
fn template(task: NewTask, kind: TaskType, of: &Loaded) -> Result<(TemplateTask, Option<RunResult>), ApiError> {
    let name = read::name(task.name, "task.name")?;
    let automation = task.automation_config.map(|sent| read::automation(sent, None, &of.people, CONFIG)).transpose()?;
    let (config, run) = match automation {
        Some(read::Automation { config, run }) => (Some(kept(&config, of)?), run),
        None => (None, None),
    };
    let template = TemplateTask {
        id: String::new(),
        name,
        task_type: kind,
        phase_id: task.phase_id.map(|id| phase(id, &of.people)).transpose()?,
        automation_config: config,
        description: None,
        journey: None,
        due_date: None,
        due_date_config: None,
        requirements: None,
        assigned_to: None,
        ecp: None,
        installer: None,
        partner: None,
        taxonomies: None,
        trigger_mode: None,
        schedule: None,
        created_automatically: None,
        conditions: None,
        allow_parallel_execution: None,
        loop_config: None,
        agent_config: None,
        more: More::new(),
    };
    Ok((template, run))
}

/// What an added automation runs, as a template has it.
fn kept(config: &AutomationInfo, of: &Loaded) -> Result<TemplateAutomation, ApiError> {
    let value = read::kept(config, CONFIG)?;
    let added = of.graph.steps.iter().filter(|step| step.task.as_ref().is_some_and(|task| task.added));
    let kept: Vec<_> = added.map(|step| step.shown.as_ref()).collect();
    read::room_for(&(&value, kept), &of.people, CONFIG)?;
    serde_json::from_value(value).map_err(|error| invalid(CONFIG, error.to_string()))
}

/// A phase, by its id in the execution.
fn phase(id: String, of: &People) -> Result<String, ApiError> {
    let known = of.flow.data.phases.iter().any(|phase| phase.id == id);
    let shown = || id.chars().take(64).collect::<String>();
    if known { Ok(id) } else { Err(invalid("task.phase_id", format!("there is no phase {:?}", shown()))) }
}
