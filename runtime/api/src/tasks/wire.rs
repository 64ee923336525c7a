//! Tasks of the inbox on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell_core::flow::{Surface, TaskKind, TaskStatus};
use stepwell_store::task::{Comment, InboxTask};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::{JsonObject, Time};

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = InboxStatus)]
pub(super) enum Status {
    Pending,
    InProgress,
    Completed,
    Skipped,
    Scheduled,
    ConditionPending,
    WaitingForConfirmation,
    OnHold,
    Failed,
}

/// Where a task comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InboxSurface)]
pub(super) enum Origin {
    Flow,
    Checklist,
    Workflow,
    Sequence,
}

/// What kind of work a task is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = InboxKind)]
enum Kind {
    Manual,
    Automation,
    Decision,
    AiAgent,
}

/// Something that people have to do, or have done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InboxTask)]
pub(crate) struct TaskBody {
    id: Uuid,
    execution_id: Uuid,
    /// What its execution is called.
    execution_name: String,
    /// The workflow, template or definition.
    definition_id: Uuid,
    step_id: Uuid,
    /// The template's id of it.
    key: String,
    surface: Origin,
    kind: Kind,
    name: String,
    status: Status,
    /// Whether it can be worked on.
    enabled: bool,
    /// Since when it is to be done; null before that and once it is done.
    current_since: Option<Time>,
    /// The template's id of its phase.
    phase: Option<String>,
    /// Who is to do it.
    assignees: Vec<String>,
    /// When it is due, as it was said.
    due_date: Option<String>,
    /// The same as an instant.
    due_at: Option<Time>,
    /// What its step says about it, if it waits for a person.
    #[schema(value_type = Option<JsonObject>)]
    request: Option<Value>,
    /// What was entered, or what its component answered, if it is small.
    #[schema(value_type = Option<JsonObject>)]
    result: Option<Value>,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    completed_by: Option<String>,
    skipped_by: Option<String>,
    created_at: Time,
    updated_at: Time,
}

/// A task with what was said about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboxTaskDetail)]
pub(crate) struct TaskDetail {
    #[serde(flatten)]
    pub(super) task: TaskBody,
    /// In the order in which they were written.
    pub(super) comments: Vec<CommentBody>,
}

/// What somebody said about a task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TaskComment)]
pub(crate) struct CommentBody {
    id: Uuid,
    author: String,
    text: String,
    created_at: Time,
}

impl From<Comment> for CommentBody {
    fn from(comment: Comment) -> Self {
        let Comment { id, author, text, created_at, .. } = comment;
        Self { id, author, text, created_at: Time(created_at) }
    }
}

impl From<InboxTask> for TaskBody {
    fn from(found: InboxTask) -> Self {
        let InboxTask { task, execution_name, assignees, request, .. } = found;
        let (times, shown) = (task.data.times, task.data.shown);
        let (due_date, due_at) = task.due.map_or((None, None), |due| (Some(due.text), due.at));
        Self {
            id: task.id.0,
            execution_id: task.execution_id.0,
            execution_name,
            definition_id: task.definition_id.0,
            step_id: task.step_id.0,
            key: task.key,
            surface: task.surface.into(),
            kind: task.kind.into(),
            name: task.name,
            status: task.status.into(),
            enabled: task.enabled,
            current_since: task.current_since.map(Time),
            phase: task.phase,
            assignees,
            due_date,
            due_at: due_at.map(Time),
            request: request.filter(Value::is_object).or_else(|| shown_of(task.surface, shown)),
            result: task.data.result.map(object),
            started_at: times.started_at.map(Time),
            completed_at: times.completed_at.map(Time),
            completed_by: times.completed_by,
            skipped_by: times.skipped_by,
            created_at: Time(task.created_at),
            updated_at: Time(task.updated_at),
        }
    }
}

/// What a step has said, once it does not wait any more. Tasks of flows keep something else there.
fn shown_of(surface: Surface, shown: Map<String, Value>) -> Option<Value> {
    let asked = matches!(surface, Surface::Workflow | Surface::Sequence) && !shown.is_empty();
    asked.then_some(Value::Object(shown))
}

/// A value as an object: what is none stands in it as `value`.
fn object(value: Value) -> Value {
    if value.is_object() { value } else { serde_json::json!({ "value": value }) }
}

macro_rules! both_ways {
    ($wire:ident = $core:ident: $($name:ident),*) => {
        impl From<$core> for $wire {
            fn from(value: $core) -> Self {
                match value { $($core::$name => Self::$name),* }
            }
        }

        impl From<$wire> for $core {
            fn from(value: $wire) -> Self {
                match value { $($wire::$name => Self::$name),* }
            }
        }
    };
}

both_ways!(Status = TaskStatus: Pending, InProgress, Completed, Skipped, Scheduled, ConditionPending,
    WaitingForConfirmation, OnHold, Failed);
both_ways!(Origin = Surface: Flow, Checklist, Workflow, Sequence);

impl From<TaskKind> for Kind {
    fn from(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Manual => Self::Manual,
            TaskKind::Automation => Self::Automation,
            TaskKind::Decision => Self::Decision,
            TaskKind::Agent => Self::AiAgent,
        }
    }
}
