//! Executions: what is sent and what is answered.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_core::{ExecutionStatus as Core, StepStatus};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::workflow::Workflow;
use crate::wire::{JsonObject, Time};

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ExecutionStatus {
    /// A step runs or is about to.
    Running,
    /// It waits for a time or an event.
    Waiting,
    /// It went through to the end.
    Completed,
    /// An EXIT step ended it.
    Exited,
    /// A step failed and nothing caught it.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl From<Core> for ExecutionStatus {
    fn from(status: Core) -> Self {
        match status {
            Core::Pending | Core::Running => Self::Running,
            Core::Waiting | Core::Paused => Self::Waiting,
            Core::Completed => Self::Completed,
            Core::Exited => Self::Exited,
            Core::Failed => Self::Failed,
            Core::Stopped | Core::Cancelled => Self::Cancelled,
        }
    }
}

/// A status to filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum StatusFilter {
    /// No execution ever has it; the list is empty.
    Pending,
    /// A step runs or is about to.
    Running,
    /// It waits for a time or an event.
    Waiting,
    /// It went through to the end.
    Completed,
    /// An EXIT step ended it.
    Exited,
    /// A step failed and nothing caught it.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl StatusFilter {
    /// The engine's words for it; none for what no execution has.
    pub(crate) fn statuses(self) -> Vec<Core> {
        let wanted = match self {
            Self::Pending => return Vec::new(),
            Self::Running => ExecutionStatus::Running,
            Self::Waiting => ExecutionStatus::Waiting,
            Self::Completed => ExecutionStatus::Completed,
            Self::Exited => ExecutionStatus::Exited,
            Self::Failed => ExecutionStatus::Failed,
            Self::Cancelled => ExecutionStatus::Cancelled,
        };
        Core::ALL.into_iter().filter(|status| ExecutionStatus::from(*status) == wanted).collect()
    }
}

/// Which executions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExecutionFilter {
    /// Only those of this status.
    #[param(inline)]
    pub(crate) status: Option<StatusFilter>,
}

/// An execution to start by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "contactId": "5f0c6f5e-0d1b-4a57-9f7b-6a3c0f0c1d22", "context": { "source": "support" } }))]
pub(crate) struct StartExecution {
    /// For whom.
    pub(crate) contact_id: Uuid,
    /// What steps see as `event.*`.
    pub(crate) context: Option<JsonObject>,
}

/// An execution.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Execution {
    /// Which one.
    pub(crate) id: Uuid,
    /// The workflow.
    pub(crate) workflow_id: Uuid,
    /// The version of its graph that it runs on.
    pub(crate) workflow_version: u32,
    /// For whom; null for one that a schedule started for nobody.
    pub(crate) contact_id: Option<Uuid>,
    /// Where it stands.
    pub(crate) status: ExecutionStatus,
    /// The step it stands on.
    pub(crate) current_step_id: Option<Uuid>,
    /// Why it ended early.
    pub(crate) exit_reason: Option<String>,
    /// The event's data, or the context of a manual start, with what waits have added.
    #[schema(value_type = Option<JsonObject>)]
    pub(crate) context: Value,
    /// When it was started.
    pub(crate) started_at: Time,
    /// When it ended.
    pub(crate) completed_at: Option<Time>,
    /// When it was stored.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
}

/// A contact's address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ContactRef {
    /// Which one.
    pub(crate) id: Uuid,
    /// The address.
    pub(crate) email: String,
}

/// A step's name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StepRef {
    /// Which one.
    pub(crate) id: Uuid,
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) step_type: String,
}

/// An execution in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedExecution {
    #[serde(flatten)]
    pub(crate) execution: Execution,
    /// The contact, if it still exists.
    pub(crate) contact: Option<ContactRef>,
    /// The step it stands on.
    pub(crate) current_step: Option<StepRef>,
}

/// A page of executions, those started last first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionPage {
    /// The executions of this page.
    pub(crate) executions: Vec<ListedExecution>,
    /// How many there are in all.
    pub(crate) total: u64,
    /// The number of this page, from 1.
    pub(crate) page: u32,
    /// How many a page has.
    pub(crate) page_size: u32,
    /// How many pages there are.
    pub(crate) total_pages: u64,
}

/// Where a visit to a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum StepExecutionStatus {
    /// Due at `scheduledFor`.
    Pending,
    /// Runs, or is about to.
    Running,
    /// Waits, until `executeAfter` if that is set.
    Waiting,
    /// Done.
    Completed,
    /// Given up because the execution ended.
    Skipped,
    /// Failed for good.
    Failed,
}

impl From<StepStatus> for StepExecutionStatus {
    fn from(status: StepStatus) -> Self {
        match status {
            StepStatus::Pending => Self::Pending,
            StepStatus::Running => Self::Running,
            StepStatus::Waiting => Self::Waiting,
            StepStatus::Completed => Self::Completed,
            StepStatus::Skipped => Self::Skipped,
            StepStatus::Failed => Self::Failed,
        }
    }
}

/// Why a step failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepFailure {
    /// A stable word in kebab-case.
    #[schema(example = "timeout")]
    pub(crate) code: String,
    /// What is wrong and what to do.
    pub(crate) message: String,
    /// Whether trying again may help.
    pub(crate) retryable: bool,
}

/// A visit to a step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepExecution {
    /// Which one.
    pub(crate) id: Uuid,
    /// The execution.
    pub(crate) execution_id: Uuid,
    /// The step.
    pub(crate) step_id: Uuid,
    /// Where it stands.
    pub(crate) status: StepExecutionStatus,
    /// 1 on the first try.
    pub(crate) attempt: u32,
    /// When it is due, while it is pending.
    pub(crate) scheduled_for: Option<Time>,
    /// When its wait ends by time.
    pub(crate) execute_after: Option<Time>,
    /// When it is tried again after a failure.
    pub(crate) next_retry_at: Option<Time>,
    /// When it first ran.
    pub(crate) started_at: Option<Time>,
    /// When it ended.
    pub(crate) completed_at: Option<Time>,
    /// What later steps can read, usually an object.
    #[schema(value_type = Option<Value>)]
    pub(crate) output: Option<Value>,
    /// Why it failed, or failed last, in words.
    pub(crate) error: Option<String>,
    /// The same with its code.
    pub(crate) failure: Option<StepFailure>,
    /// The component that ran it, by SHA-256.
    pub(crate) plugin_digest: Option<String>,
    /// When it was stored.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
    /// The step.
    pub(crate) step: Option<StepRef>,
}

/// An execution with all that it did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionDetail {
    #[serde(flatten)]
    pub(crate) execution: Execution,
    /// The workflow as it is now.
    pub(crate) workflow: Workflow,
    /// The contact, if it still exists.
    pub(crate) contact: Option<ContactRef>,
    /// The step it stands on.
    pub(crate) current_step: Option<StepRef>,
    /// The visits to steps, oldest first.
    pub(crate) step_executions: Vec<StepExecution>,
}

/// How many executions were cancelled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelledAll {
    /// How many.
    pub(crate) cancelled: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_engine_is_found_by_exactly_one_filter() {
        use StatusFilter as Filter;
        let filters =
            [Filter::Running, Filter::Waiting, Filter::Completed, Filter::Exited, Filter::Failed, Filter::Cancelled];
        let mut found: Vec<_> = filters.iter().flat_map(|filter| filter.statuses()).collect();
        found.sort_by_key(|status| status.as_str());
        let mut all = Core::ALL.to_vec();
        all.sort_by_key(|status| status.as_str());
        assert_eq!(found, all);
        assert!(Filter::Pending.statuses().is_empty());
    }
}
