//! `POST /v1/workflows/executions/{executionId}/steps`.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use stepwell_core::TaskId;
use stepwell_core::flow::{Deed, InsertItem, TaskKind, TaskPatch, TaskSpec, Trigger};

use crate::error::ApiError;
use crate::extract::{At, Json};
use crate::flows::actor::By;
use crate::flows::body::Body;
use crate::flows::definitions::new_step;
use crate::flows::error::Absent;
use crate::flows::v1::show::Detail;
use crate::flows::v1::{act, load, of, read, section, step_show};
use crate::flows::wire::v1::{Step, StepType};
use crate::flows::wire::v1_requests::CreateStepReq;
use crate::scope::FlowsWrite;
use crate::state::ApiState;

/// Adds a step to a running execution, before what is at `insertionIndex` of its section, or of the top.
#[utoipa::path(
    post, path = "/v1/workflows/executions/{executionId}/steps", tag = "checklists",
    security(("secret_key" = ["flows:write"])), params(("executionId" = String, Path, description = "Which execution")),
    request_body = CreateStepReq, responses((status = 201, description = "The step", body = Step))
)]
pub(crate) async fn create(
    key: By<FlowsWrite>,
    State(state): State<ApiState>,
    At(id): At<String>,
    Body(wanted): Body<CreateStepReq>,
) -> Result<(StatusCode, Json<Step>), ApiError> {
    let found = load(&state, key.workspace, &id, Absent::BadRequest).await?;
    let section = wanted.section_id.as_deref().map(|id| section(&found.people.flow, id, "sectionId")).transpose()?;
    let task: TaskId = state.new_id();
    let item = InsertItem {
        section,
        index: read::index(wanted.insertion_index, "insertionIndex")?,
        id: Some(task),
        step: Box::new(step(&wanted, state.now())?),
        patch: TaskPatch { status: wanted.status.map(Into::into), ..TaskPatch::default() },
    };
    let does = Deed::InsertItem(Box::new(item));
    let acted = act(&state, key.workspace, found.execution.id, &key.user, does).await?;
    let made = acted.people.task(task).ok_or_else(|| ApiError::internal("the added step is not there"))?;
    Ok((StatusCode::CREATED, Json(step_show::step(&of(&acted), made, Detail::Full))))
}

/// The step behind a new item. Core gives its task an id, and finds out its section.
fn step(wanted: &CreateStepReq, now: stepwell_core::Timestamp) -> Result<stepwell_core::Step, ApiError> {
    let automated = wanted.execution_type == Some(StepType::Automation);
    let mut shown = Map::new();
    for (name, value) in [
        ("description", wanted.description.as_ref().map(serde_json::to_value)),
        ("automationConfig", wanted.automation_config.as_ref().map(serde_json::to_value)),
    ] {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value.map_err(ApiError::internal)?);
        }
    }
    let config = match &wanted.automation_config {
        Some(config) if automated => json!({ "flowId": config.flow_id }),
        _ => json!({}),
    };
    let task = TaskSpec {
        key: String::new(),
        kind: if automated { TaskKind::Automation } else { TaskKind::Manual },
        phase: None,
        trigger: if automated { Trigger::Manual } else { Trigger::Automatic },
        schedule: None,
        requirements: Vec::new(),
        due_date: None,
        due: None,
        assignees: Vec::new(),
        taxonomies: Vec::new(),
        repeat: None,
        added: true,
    };
    Ok(new_step(&wanted.name, automated, config, Some(Value::Object(shown)), task, now))
}
