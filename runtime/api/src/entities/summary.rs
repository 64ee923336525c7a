//! What an entity says of the flows that are about it (spec epilot-flows, 8), worked out when it is asked for.

use std::collections::BTreeMap;

use serde::Serialize;
use stepwell_core::WorkspaceId;
use stepwell_core::flow::{Assignee, FlowStatus, Phase, PhaseStatus, Surface, Task, TaskKind};
use stepwell_store::flow::{self, ListQuery, Shown};
use stepwell_store::{Conn, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::short::short;
use crate::flows::wire::common::{ClosingReason, StepStatus, WorkflowStatus};
use crate::flows::wire::v1::StepType;
use crate::wire::Time;

/// The most flows that are summed up: the newest.
const MOST: i64 = 50;

/// The name under which the main flow stands beside those of each template.
const PRIMARY: &str = "primary";

/// Flows by the template they are of, and the main one as `primary`.
pub(super) type Workflows = BTreeMap<String, Vec<WorkflowInEntity>>;

/// A flow, summed up.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct WorkflowInEntity {
    /// Which one.
    id: String,
    /// Of which template.
    definition_id: String,
    /// Its name.
    name: String,
    /// Where it stands.
    status: WorkflowStatus,
    /// Who answers for it.
    assignees: Vec<String>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    duedate: Option<Time>,
    /// When it last changed.
    last_update_time: Time,
    /// How much of it is done, from 0 to 1.
    progress: f64,
    /// Who is to do what comes after the current tasks.
    upcoming_tasks_assignees: Vec<String>,
    /// Its first current task.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<String>,
    /// The name of that task.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_name: Option<String>,
    /// Who is to do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_assignees: Option<Vec<String>>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_duedate: Option<Time>,
    /// Who does it: a person or an automation.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_execution_type: Option<StepType>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_status: Option<StepStatus>,
    /// The phase of that task.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase_id: Option<String>,
    /// The name of that phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase_name: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase_assignees: Option<Vec<String>>,
    /// How much of it is done, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase_progress: Option<f64>,
    /// The phases that are under way.
    phases_in_progress: Vec<PhaseInEntity>,
    /// Why it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_closing_reasons: Option<Vec<ClosingReason>>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    closing_reason_description: Option<String>,
}

/// A phase, summed up.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct PhaseInEntity {
    /// Which one.
    phase_id: String,
    /// Its name.
    phase_name: String,
    /// How much of it is done, from 0 to 1.
    phase_progress: f64,
    /// Who answers for it.
    phase_assignees: Vec<String>,
}

/// The flows that are about an entity; none if there are none.
pub(super) async fn workflows(
    conn: &mut Conn,
    workspace: WorkspaceId,
    schema: &str,
    id: &str,
) -> Result<Option<Workflows>, StoreError> {
    let query = ListQuery { surface: None, entity: Some(id), schema: Some(schema), limit: MOST };
    let ids = flow::list(conn, workspace, &query).await?;
    let found = flow::load_many(conn, workspace, &ids).await?;
    // The newest that runs, else the newest.
    let main = found.iter().find(|flow| flow.people.flow.status == FlowStatus::Started).or(found.first());
    let Some(main) = main else { return Ok(None) };
    let mut workflows = Workflows::from([(PRIMARY.to_owned(), vec![summed_up(main)])]);
    for flow in &found {
        let of = flow.people.flow.definition_id.to_string();
        workflows.entry(of).or_default().push(summed_up(flow));
    }
    Ok(Some(workflows))
}

fn summed_up(of: &Shown) -> WorkflowInEntity {
    let (flow, tasks) = (&of.people.flow, &of.people.tasks[..]);
    let current = of.people.current().next();
    let phase_of = |task: &Task| flow.data.phases.iter().find(|phase| Some(&phase.key) == task.phase.as_ref());
    let phase = current.and_then(phase_of).map(|phase| phase_in(of, phase));
    let under_way = flow.data.phases.iter().filter(|phase| phase.status == PhaseStatus::InProgress);
    let reasons = flow.data.closing.selected.as_ref().map(|reasons| {
        let shown = reasons.iter().map(|reason| ClosingReason { id: reason.id.clone(), title: reason.title.clone() });
        shown.collect()
    });
    WorkflowInEntity {
        id: flow.execution_id.to_string(),
        definition_id: flow.definition_id.to_string(),
        name: flow.name.clone(),
        status: flow.status.into(),
        assignees: people(&flow.data.assignees),
        duedate: flow.due.as_ref().and_then(|due| due.at).map(Time),
        last_update_time: Time(flow.updated_at),
        progress: progress(tasks.iter()),
        upcoming_tasks_assignees: upcoming(of),
        task_id: current.map(|task| id_in(of, task.id.0)),
        task_name: current.map(|task| task.name.clone()),
        task_assignees: current.map(assignees),
        task_duedate: current.and_then(|task| task.due.as_ref()?.at).map(Time),
        task_execution_type: current.map(|task| done_by(task.kind)),
        task_status: current.map(|task| task.status.into()),
        phase_id: phase.as_ref().map(|phase| phase.phase_id.clone()),
        phase_name: phase.as_ref().map(|phase| phase.phase_name.clone()),
        phase_progress: phase.as_ref().map(|phase| phase.phase_progress),
        phase_assignees: phase.map(|phase| phase.phase_assignees),
        phases_in_progress: under_way.map(|phase| phase_in(of, phase)).collect(),
        selected_closing_reasons: reasons,
        closing_reason_description: flow.data.closing.description.clone(),
    }
}

fn assignees(task: &Task) -> Vec<String> {
    people(task.data.assignees.as_deref().unwrap_or_default())
}

fn done_by(kind: TaskKind) -> StepType {
    match kind {
        TaskKind::Automation | TaskKind::Agent => StepType::Automation,
        TaskKind::Manual | TaskKind::Decision => StepType::Manual,
    }
}

fn phase_in(of: &Shown, phase: &Phase) -> PhaseInEntity {
    let spec = of.graph.drawn.iter().flat_map(|drawn| &drawn.phases).find(|spec| spec.key == phase.key);
    let given = phase.assignees.as_deref().or(spec.map(|spec| &spec.assignees[..])).unwrap_or_default();
    let own = of.people.tasks.iter().filter(|task| task.phase.as_ref() == Some(&phase.key));
    PhaseInEntity {
        phase_id: Uuid::try_parse(&phase.id).map_or_else(|_| phase.id.clone(), |id| id_in(of, id)),
        phase_name: phase.name.clone(),
        phase_progress: progress(own),
        phase_assignees: people(given),
    }
}

/// An id as the surface of the flow writes it.
fn id_in(of: &Shown, id: Uuid) -> String {
    if of.people.flow.surface == Surface::Checklist { short(id) } else { id.to_string() }
}

/// Who is to do open tasks on which no path stands yet; each once.
fn upcoming(of: &Shown) -> Vec<String> {
    let open = of.people.tasks.iter().filter(|task| !task.status.is_done() && task.current_since.is_none());
    let mut ids: Vec<_> = open.flat_map(assignees).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn people(assignees: &[Assignee]) -> Vec<String> {
    assignees.iter().flat_map(Assignee::people).cloned().collect()
}

/// The share of tasks that are done; 0 where there are none.
fn progress<'t>(tasks: impl Iterator<Item = &'t Task>) -> f64 {
    let (mut done, mut all) = (0u32, 0u32);
    for task in tasks {
        all += 1;
        done += u32::from(task.status.is_done());
    }
    f64::from(done) / f64::from(all.max(1))
}
