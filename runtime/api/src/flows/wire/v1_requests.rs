//! What is asked of executions of the first version.

use serde::Deserialize;
use utoipa::ToSchema;

use super::common::{ClosingReason, StepDescription, StepStatus, TriggerType, WorkflowStatus};
use super::v1::{AutomationConfig, DynamicDueDate, StepType, WorkflowContext};

/// An execution to start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkflowExecutionCreateReq {
    /// Of which definition.
    pub(crate) workflow_id: String,
    /// How it is started.
    #[serde(default)]
    pub(crate) trigger: Option<TriggerType>,
    /// Who answers for it; deprecated.
    #[serde(default)]
    pub(crate) assigned_to: Option<Vec<String>>,
    /// What it is about.
    #[serde(default)]
    pub(crate) contexts: Option<Vec<WorkflowContext>>,
    /// Only steps of these purposes, and those without any.
    #[serde(default)]
    pub(crate) purposes: Option<Vec<String>>,
}

/// A change of an execution. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WorkflowExecutionUpdateReq {
    /// Where it stands.
    pub(crate) status: Option<WorkflowStatus>,
    /// Who answers for it.
    pub(crate) assigned_to: Option<Vec<String>>,
    /// Why it is closed.
    pub(crate) selected_closing_reasons: Option<Vec<ClosingReason>>,
    /// In words.
    pub(crate) closing_reason_description: Option<String>,
    /// When it is due. Goes before `dynamicDueDate`.
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    /// Who closes it.
    pub(crate) closed_by: Option<String>,
    /// What it is about.
    pub(crate) contexts: Option<Vec<WorkflowContext>>,
    /// When it was done.
    pub(crate) completed_time: Option<String>,
}

/// A step for a running execution.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateStepReq {
    /// Before what is there now; 0 where it is left out.
    #[serde(default)]
    pub(crate) insertion_index: f64,
    /// Its name.
    pub(crate) name: String,
    /// Its description.
    #[serde(default)]
    pub(crate) description: Option<StepDescription>,
    /// Where it stands.
    #[serde(default)]
    pub(crate) status: Option<StepStatus>,
    /// In which section; without one at the top.
    #[serde(default)]
    pub(crate) section_id: Option<String>,
    /// Who does it.
    #[serde(default)]
    pub(crate) execution_type: Option<StepType>,
    /// What it runs.
    #[serde(default)]
    pub(crate) automation_config: Option<AutomationConfig>,
}

/// A change of a step. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateStepReq {
    /// Deprecated; not looked at.
    #[expect(dead_code, reason = "clients may send it, so the schema has it")]
    pub(crate) step_id: Option<String>,
    /// Deprecated; kept and given back.
    pub(crate) entity_ref_id: Option<String>,
    /// Deprecated; kept and given back.
    pub(crate) user_ids: Option<Vec<f64>>,
    /// Who is to do it.
    pub(crate) assigned_to: Option<Vec<String>>,
    /// Who began to work on it.
    pub(crate) assigned_to_in_progress: Option<String>,
    /// Who paused it.
    pub(crate) assigned_to_on_hold: Option<String>,
    /// Where it stands.
    pub(crate) status: Option<StepStatus>,
    /// When it is due. Goes before `dynamicDueDate`.
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    /// Its name.
    pub(crate) name: Option<String>,
    /// Its description.
    pub(crate) description: Option<StepDescription>,
    /// Where it is put.
    pub(crate) position: Option<StepPositionAt>,
    /// What it runs, and how that stands.
    pub(crate) automation_config: Option<AutomationConfig>,
    /// When it began.
    pub(crate) started_time: Option<String>,
    /// When it was done.
    pub(crate) completed_time: Option<String>,
}

/// A place for a step.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepPositionAt {
    /// Before what is there once the step was taken out.
    #[serde(default)]
    pub(crate) index: f64,
    /// In which section; without one at the top.
    #[serde(default)]
    pub(crate) section_id: Option<String>,
}
