//! The deprecated searches of the first version.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::WorkflowStatus;
use super::v1::{Step, WorkflowContext, WorkflowExecution};

/// Which executions.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchExecutionsReq {
    /// Whose name contains this, in any case.
    pub(crate) name: Option<String>,
    /// Of this status.
    pub(crate) status: Option<WorkflowStatus>,
    /// Also those that have ended.
    pub(crate) include_done_workflows: Option<bool>,
    /// Which this user answers for.
    pub(crate) assigned_to: Option<String>,
    /// In which order.
    pub(crate) sorting: Option<SearchSorting>,
    /// What the last answer said.
    pub(crate) pagination: Option<LastEvaluatedKey>,
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum SearchSorting {
    #[serde(rename = "A_Z")]
    AZ,
    #[serde(rename = "Z_A")]
    ZA,
    DueDateAsc,
    DueDateDesc,
    TriggerDateAsc,
    TriggerDateDesc,
}

/// Where an answer ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LastEvaluatedKey {
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) org_id: Option<String>,
    /// When the last one was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) creation_time: Option<String>,
}

/// The executions that were found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchExecutionsResp {
    /// The executions, without the details of steps.
    pub(crate) executions: Vec<WorkflowExecution>,
    /// Where to go on; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_evaluated_key: Option<LastEvaluatedKey>,
}

/// Which steps.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchStepsReq {
    /// Whose execution's name contains this.
    pub(crate) execution_name: Option<String>,
    /// Whose name contains this.
    pub(crate) step_name: Option<String>,
    /// Which this user is to do.
    pub(crate) assigned_to: Option<f64>,
    /// Also those of executions that have ended.
    pub(crate) include_done_workflows: Option<bool>,
    /// Those that were added to running executions, or the others.
    pub(crate) manually_created: Option<bool>,
    /// Of this status.
    pub(crate) status: Option<ItemStatus>,
    /// In which order.
    pub(crate) sorting: Option<SearchSorting>,
    /// Which part of them.
    pub(crate) pagination: Option<SearchPagination>,
}

/// Where a step stands, in three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = StepSearchStatus)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum ItemStatus {
    Open,
    Complete,
    NextOpenItemInWorkflow,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SearchPagination {
    /// How many to leave out.
    pub(crate) from: Option<f64>,
    /// How many at most.
    pub(crate) size: Option<f64>,
}

/// The steps that were found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchStepsResp {
    /// How many there are, shown or not.
    pub(crate) hits: u64,
    /// The steps.
    pub(crate) results: Vec<StepExtended>,
}

/// A step with its execution.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepExtended {
    /// The step; its `executionId` is always there.
    #[serde(flatten)]
    pub(crate) step: Step,
    /// The execution's name.
    pub(crate) execution_name: String,
    /// Where the execution stands.
    pub(crate) execution_status: WorkflowStatus,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contexts: Option<Vec<WorkflowContext>>,
}

/// The closing reasons of an execution.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ClosingReasonResp {
    /// As they were at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasons: Option<Vec<super::common::ClosingReason>>,
}
