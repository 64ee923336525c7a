//! Executions of flows, and what is asked of them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::common::{Assignee, ClosingReason, DueDateConfig, More, SectionStatus, TriggerType, WorkflowStatus};
use super::schedule::LoopConfig;
use super::sync::EntitySync;
use super::task::{AnalyticsInfo, AutomationInfo, Task};
use crate::wire::{Time, nullable};

/// An execution of a flow.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FlowExecution {
    /// Which one.
    pub(crate) id: String,
    /// Of which template.
    pub(crate) flow_template_id: String,
    /// Whose.
    pub(crate) org_id: String,
    /// Its name.
    pub(crate) name: String,
    /// When it was started.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// Where it stands.
    pub(crate) status: WorkflowStatus,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// When it began and ended, and by whom.
    pub(crate) analytics: FlowAnalytics,
    /// What it is about.
    pub(crate) contexts: Vec<FlowContext>,
    /// The tasks that it stands on.
    pub(crate) crt_tasks: Vec<CurrentTask>,
    /// Its phases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phases: Option<Vec<Phase>>,
    /// All tasks, reached or not.
    pub(crate) tasks: Vec<Task>,
    /// Where it goes from where.
    pub(crate) edges: Vec<Edge>,
    /// What started it, where another execution did.
    #[serde(rename = "_execution_chain", skip_serializing_if = "Option::is_none")]
    pub(crate) execution_chain: Option<ExecutionChain>,
    /// Why it may be closed, and why it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) closing_reason: Option<FlowClosingReason>,
    /// Whether customers see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) available_in_ecp: Option<bool>,
    /// What it writes to entities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entity_sync: Option<Vec<EntitySync>>,
    /// Labels and purposes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// What started it.
    pub(crate) trigger: FlowTrigger,
    /// Whether only one closing reason may be chosen.
    #[serde(rename = "singleClosingReasonSelection", skip_serializing_if = "Option::is_none")]
    pub(crate) single_closing_reason_selection: Option<bool>,
    /// Whether a task waits for all of its predecessors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) linear: Option<bool>,
}

/// When a flow began and ended, and by whom.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct FlowAnalytics {
    /// When it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started_at: Option<Time>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_at: Option<Time>,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) closed_at: Option<Time>,
    /// Who started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started_by: Option<String>,
    /// Who closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) closed_by: Option<String>,
}

/// A task that a flow stands on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowCurrentTask)]
pub(crate) struct CurrentTask {
    /// Which one.
    pub(crate) id: String,
    /// Since when.
    pub(crate) crt_since: Time,
}

/// A phase of an execution.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowPhase)]
pub(crate) struct Phase {
    /// Its id in the execution.
    pub(crate) id: String,
    /// Its id in the template.
    pub(crate) template_id: String,
    /// Its name.
    pub(crate) name: String,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<SectionStatus>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) updated_at: Option<Time>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// When it began and ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) analytics: Option<AnalyticsInfo>,
    /// Labels and purposes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// The loop that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) loop_config: Option<LoopConfig>,
    /// What the template says beyond that.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// Where a flow goes from where.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowEdge)]
pub(crate) struct Edge {
    /// Its id, chosen by the template.
    pub(crate) id: String,
    /// A task, a phase, or `trigger`.
    pub(crate) from_id: String,
    /// A task or a phase.
    pub(crate) to_id: String,
    /// The condition of the decision it leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) condition_id: Option<String>,
    /// Whether it is taken when no condition is met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) none_met: Option<bool>,
    /// What the template says beyond that.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// What started an execution.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowExecutionChain)]
pub(crate) struct ExecutionChain {
    /// Which execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent_execution_id: Option<String>,
    /// Which of its tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent_task_id: Option<String>,
    /// How many executions are above it.
    #[schema(minimum = 0, maximum = 10)]
    pub(crate) depth: u32,
}

/// An entity that a flow is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FlowContext {
    /// Which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_id: Option<String>,
    /// Of which schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_schema: Option<String>,
    /// Whether conditions and automations read it; of several, the first that says so counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) is_primary: Option<bool>,
}

/// What started a flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct FlowTrigger {
    /// A person or something else.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<TriggerType>,
    /// The automation that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) automation_config: Option<AutomationInfo>,
}

/// Why a flow may be closed, and why it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct FlowClosingReason {
    /// The chosen reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) selected_reasons: Option<Vec<ClosingReason>>,
    /// The reasons to choose from, as they were at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) configured_reasons: Option<Vec<ClosingReason>>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extra_description: Option<String>,
}

/// A flow to start.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct StartFlowReq {
    /// Of which template.
    pub(crate) flow_template_id: String,
    /// What it is about.
    #[schema(min_items = 1, max_items = 32)]
    pub(crate) contexts: Vec<FlowContext>,
    /// What starts it.
    #[serde(default)]
    pub(crate) trigger: Option<FlowTrigger>,
    /// Only tasks of these purposes, and those without any.
    #[serde(default)]
    pub(crate) purposes: Option<Vec<String>>,
}

/// Which executions.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SearchFlowsReq {
    /// About this entity.
    pub(crate) entity_id: String,
    /// Of this schema.
    pub(crate) entity_schema: String,
}

/// The executions that were found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchFlowsResp {
    /// Newest first.
    pub(crate) results: Vec<FlowExecution>,
}

/// A change of an execution. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PatchFlowReq {
    /// Where it stands.
    pub(crate) status: Option<WorkflowStatus>,
    /// Who answers for it.
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// Why it is closed.
    pub(crate) closing_reason: Option<FlowClosingReason>,
    /// When it is due; null or an empty text clears it. Goes before `due_date_config`.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub(crate) due_date: Option<Option<String>>,
    /// The rule for that.
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// What it is about.
    pub(crate) contexts: Option<Vec<FlowContext>>,
}

/// A change of a phase. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlowPatchPhaseReq)]
#[serde(default)]
pub(crate) struct PatchPhaseReq {
    /// Its name.
    pub(crate) name: Option<String>,
    /// When it is due; null or an empty text clears it. Goes before `due_date_config`.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub(crate) due_date: Option<Option<String>>,
    /// The rule for that.
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// Who answers for it.
    pub(crate) assigned_to: Option<Vec<Assignee>>,
}

/// How an execution is deleted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteFlow {
    /// Whether it is kept for audits, where no query finds it.
    #[serde(default)]
    pub(crate) soft: bool,
}
