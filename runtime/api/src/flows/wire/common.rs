//! What executions and templates share.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell_core::flow::{FlowStatus, PhaseStatus, TaskStatus as Core};
use utoipa::ToSchema;

use crate::error::FieldError;

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorResp)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorResp {
    /// What is wrong, with the field's name before it where one is wrong.
    pub(crate) message: String,
    /// A stable word, for programs.
    pub(crate) code: &'static str,
    /// The same as the `X-Request-ID` header.
    pub(crate) request_id: uuid::Uuid,
    /// One for each field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<FieldError>,
    /// More for programs, by code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) details: Option<Value>,
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowWorkflowStatus)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum WorkflowStatus {
    /// Tasks can be worked on.
    Started,
    /// Everything that was to be done is done.
    Done,
    /// Ended by somebody.
    Closed,
}

impl From<FlowStatus> for WorkflowStatus {
    fn from(status: FlowStatus) -> Self {
        match status {
            FlowStatus::Started => Self::Started,
            FlowStatus::Done => Self::Done,
            FlowStatus::Closed => Self::Closed,
        }
    }
}

impl From<WorkflowStatus> for FlowStatus {
    fn from(status: WorkflowStatus) -> Self {
        match status {
            WorkflowStatus::Started => Self::Started,
            WorkflowStatus::Done => Self::Done,
            WorkflowStatus::Closed => Self::Closed,
        }
    }
}

/// Where a task stands. `UNASSIGNED` and `ASSIGNED` mean `PENDING` and are never answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowStepStatus)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum StepStatus {
    Unassigned,
    Assigned,
    Completed,
    Skipped,
    InProgress,
    Scheduled,
    Pending,
    ConditionPending,
    WaitingForConfirmation,
    OnHold,
    Failed,
}

impl From<Core> for StepStatus {
    fn from(status: Core) -> Self {
        match status {
            Core::Pending => Self::Pending,
            Core::InProgress => Self::InProgress,
            Core::Completed => Self::Completed,
            Core::Skipped => Self::Skipped,
            Core::Scheduled => Self::Scheduled,
            Core::ConditionPending => Self::ConditionPending,
            Core::WaitingForConfirmation => Self::WaitingForConfirmation,
            Core::OnHold => Self::OnHold,
            Core::Failed => Self::Failed,
        }
    }
}

impl From<StepStatus> for Core {
    fn from(status: StepStatus) -> Self {
        match status {
            StepStatus::Unassigned | StepStatus::Assigned | StepStatus::Pending => Self::Pending,
            StepStatus::Completed => Self::Completed,
            StepStatus::Skipped => Self::Skipped,
            StepStatus::InProgress => Self::InProgress,
            StepStatus::Scheduled => Self::Scheduled,
            StepStatus::ConditionPending => Self::ConditionPending,
            StepStatus::WaitingForConfirmation => Self::WaitingForConfirmation,
            StepStatus::OnHold => Self::OnHold,
            StepStatus::Failed => Self::Failed,
        }
    }
}

/// Where a phase or section stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSectionStatus)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum SectionStatus {
    /// Nothing was done in it.
    Open,
    /// Something of it is under way.
    InProgress,
    /// Nothing of it is left.
    Completed,
}

impl From<PhaseStatus> for SectionStatus {
    fn from(status: PhaseStatus) -> Self {
        match status {
            PhaseStatus::Open => Self::Open,
            PhaseStatus::InProgress => Self::InProgress,
            PhaseStatus::Completed => Self::Completed,
        }
    }
}

/// How an execution was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTriggerType)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TriggerType {
    /// By a person.
    #[default]
    Manual,
    /// By something else.
    Automatic,
}

/// What kind of work a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTaskType)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TaskType {
    /// A person does it.
    Manual,
    /// Something is run.
    Automation,
    /// A branch is chosen.
    Decision,
    /// An agent works on it.
    AiAgent,
}

/// Who begins a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTriggerMode)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TriggerMode {
    /// A person.
    Manual,
    /// The server.
    Automatic,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTimeUnit)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum TimeUnit {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
}

/// One of those who are to do something: a user's id, or a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowAssignee)]
#[serde(untagged)]
pub(crate) enum Assignee {
    /// A user's id.
    User(String),
    /// A variable, and whom it names.
    Variable(VariableAssignment),
}

/// A variable that names users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowVariableAssignment)]
pub(crate) struct VariableAssignment {
    /// An expression such as `{{entity.owner}}`.
    pub(crate) variable: String,
    /// Whom it names, found out when the flow started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Vec<String>>,
}

/// A rule for a due date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowDueDateConfig)]
pub(crate) struct DueDateConfig {
    /// How many units later.
    pub(crate) duration: f64,
    /// The unit.
    pub(crate) unit: TimeUnit,
    /// What it counts from.
    #[serde(rename = "type")]
    pub(crate) kind: DueDateType,
    /// The task, by its template id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_id: Option<String>,
    /// The phase, by its template id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_id: Option<String>,
}

/// What a due date counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowDueDateType)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum DueDateType {
    WorkflowStarted,
    TaskFinished,
    PhaseFinished,
    APrecedingTaskCompleted,
    AllPrecedingTasksCompleted,
}

/// What has to be done before a task can be worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowEnableRequirement)]
pub(crate) struct EnableRequirement {
    /// What has to happen.
    pub(crate) when: RequirementWhen,
    /// To which task, by its template id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_id: Option<String>,
    /// To which phase, by its template id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_id: Option<String>,
}

/// What has to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowRequirementWhen)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RequirementWhen {
    /// The task is completed or skipped.
    TaskFinished,
    /// The phase is completed.
    PhaseFinished,
}

/// A description for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowStepDescription)]
#[serde(default)]
pub(crate) struct StepDescription {
    /// Whether it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    /// Rich text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// A form behind a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowStepJourney)]
#[serde(default)]
pub(crate) struct StepJourney {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Its id as well.
    #[serde(rename = "journeyId", skip_serializing_if = "Option::is_none")]
    pub(crate) journey_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Whether its submission completes the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) complete_task_automatically: Option<bool>,
}

/// How a task is shown in the portal of customers or installers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowECPDetails)]
#[serde(default)]
pub(crate) struct ECPDetails {
    /// Whether it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    /// Under which label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// With which description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// With which form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) journey: Option<StepJourney>,
}

/// How a task is shown to partners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowPartnerDetails)]
#[serde(default)]
pub(crate) struct PartnerDetails {
    /// Whether it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    /// Under which label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// With which description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

/// A reason to close a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowReason)]
pub(crate) struct ClosingReason {
    /// Which one.
    pub(crate) id: String,
    /// In words.
    pub(crate) title: String,
}

/// Members that the surface does not know; they are kept.
pub(crate) type More = Map<String, Value>;
