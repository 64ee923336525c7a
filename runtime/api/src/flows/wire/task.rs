//! Tasks of executions, and what is asked of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::common::{
    Assignee, DueDateConfig, ECPDetails, EnableRequirement, More, PartnerDetails, StepDescription, StepJourney,
    StepStatus, TaskType, TriggerMode,
};
use super::schedule::{Condition, LoopConfig, Schedule};
use crate::wire::{Time, nullable};

/// A task. `task_type` says which of the members it has: `automation_config` and `automation_execution_id` those of automations,
/// `trigger_mode` and `schedule` those of automations and decisions, `conditions` and `allow_parallel_execution` those of decisions,
/// `agent_…` those of agents.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowTask)]
pub(crate) struct Task {
    /// Its id in the execution.
    pub(crate) id: String,
    /// Its id in the template.
    pub(crate) template_id: String,
    /// Its name.
    pub(crate) name: String,
    /// What kind of work it is.
    pub(crate) task_type: TaskType,
    /// Where it stands.
    pub(crate) status: StepStatus,
    /// Who did what when.
    pub(crate) analytics: AnalyticsInfo,
    /// Whether it can be worked on.
    pub(crate) enabled: bool,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<StepDescription>,
    /// Its form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) journey: Option<StepJourney>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// What has to be done before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requirements: Option<Vec<EnableRequirement>>,
    /// Who is to do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<Time>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) updated_at: Option<Time>,
    /// Whether it was added to the running flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manually_created: Option<bool>,
    /// How customers see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ecp: Option<ECPDetails>,
    /// How installers see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) installer: Option<ECPDetails>,
    /// How partners see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) partner: Option<PartnerDetails>,
    /// Labels and purposes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// Its phase, by its id in the execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phase_id: Option<String>,
    /// What an automation runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) automation_config: Option<AutomationInfo>,
    /// The run of an automation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) automation_execution_id: Option<String>,
    /// Who begins it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trigger_mode: Option<TriggerMode>,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<Schedule>,
    /// The branches of a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conditions: Option<Vec<Condition>>,
    /// Whether all met branches of a decision are taken, or the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allow_parallel_execution: Option<bool>,
    /// The loop of a decision, or the one that the task is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) loop_config: Option<LoopConfig>,
    /// Which agent, and how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent_config: Option<AgentConfig>,
    /// The run of an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent_execution: Option<AgentExecutionInfo>,
    /// The id of that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent_execution_id: Option<String>,
    /// What the template says beyond that.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// Who did what when.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = FlowAnalyticsInfo)]
pub(crate) struct AnalyticsInfo {
    /// When it was first worked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started_at: Option<Time>,
    /// When it was last worked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_progress_at: Option<Time>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_at: Option<Time>,
    /// When its status last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status_updated_at: Option<Time>,
    /// Who began to work on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_progress_by: Option<String>,
    /// Who completed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_by: Option<String>,
    /// Who skipped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped_by: Option<String>,
    /// Who paused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_hold_by: Option<String>,
}

/// What an automation runs, and how that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowAutomationInfo)]
pub(crate) struct AutomationInfo {
    /// A workflow of this server by its id, an installed step type by its name, or something that somebody else runs.
    pub(crate) flow_id: String,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_id: Option<String>,
    /// How it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_status: Option<String>,
    /// Why it failed, or why its schedule could not be armed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error_reason: Option<String>,
    /// What it works on; the primary entity where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_context: Option<AutomationInputContext>,
    /// Kept and given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) heal_attempts: Option<i64>,
    /// Kept and given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_heal_attempted_at: Option<String>,
    /// What else it is given, `config` above all.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// What an automation works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowAutomationInputContext)]
pub(crate) struct AutomationInputContext {
    /// The primary entity, or what a task made.
    pub(crate) source: InputSource,
    /// That task, by its template id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_id: Option<String>,
}

/// Where the input of an automation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowInputSource)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum InputSource {
    Trigger,
    Task,
}

/// Which agent works on a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowAgentConfig)]
pub(crate) struct AgentConfig {
    /// Which one.
    pub(crate) agent_id: String,
    /// With which parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) parameters: Option<Value>,
    /// What else it is given.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// How the run of an agent stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FlowAgentExecutionInfo)]
pub(crate) struct AgentExecutionInfo {
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_id: Option<String>,
    /// How it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_status: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_reason: Option<String>,
    /// What it came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<String>,
}

/// A change of a task. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlowPatchTaskReq)]
#[serde(default)]
pub(crate) struct PatchTaskReq {
    /// Its name.
    pub(crate) name: Option<String>,
    /// Where it stands.
    pub(crate) status: Option<StepStatus>,
    /// When it is due; null or an empty text clears it. Goes before `due_date_config`.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub(crate) due_date: Option<Option<String>>,
    /// The rule for that.
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// Who is to do it.
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// Whether it can be worked on, whatever its requirements say.
    pub(crate) enabled: Option<bool>,
    /// What an automation runs, and how that stands.
    pub(crate) automation_config: Option<AutomationInfo>,
    /// Its description.
    pub(crate) description: Option<StepDescription>,
    /// How customers see it.
    pub(crate) ecp: Option<ECPDetails>,
    /// How installers see it.
    pub(crate) installer: Option<ECPDetails>,
    /// How partners see it.
    pub(crate) partner: Option<PartnerDetails>,
    /// The condition whose branch a decision takes.
    pub(crate) next_condition_id: Option<String>,
    /// Whether the flow goes back to the task.
    pub(crate) revert_execution: bool,
    /// Whether a form completed it; only the log says so.
    pub(crate) completed_via_journey: bool,
}

/// A task for a running flow.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = FlowAddTaskReq)]
pub(crate) struct AddTaskReq {
    /// Behind this task.
    #[schema(format = "uuid")]
    pub(crate) previous_task_id: String,
    /// Before this task.
    #[schema(format = "uuid")]
    pub(crate) next_task_id: String,
    /// The task.
    pub(crate) task: NewTask,
}

/// What is said of an added task.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewFlowTask)]
pub(crate) struct NewTask {
    /// Its name.
    pub(crate) name: String,
    /// Its id.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub(crate) id: Option<String>,
    /// Where it stands.
    #[serde(default)]
    pub(crate) status: Option<StepStatus>,
    /// When it is due.
    #[serde(default)]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(default)]
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// Who is to do it.
    #[serde(default)]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// Whether it can be worked on.
    #[serde(default)]
    pub(crate) enabled: Option<bool>,
    /// What it runs, if it is an automation.
    #[serde(default)]
    pub(crate) automation_config: Option<AutomationInfo>,
    /// Its phase, by its id in the execution.
    #[serde(default)]
    pub(crate) phase_id: Option<String>,
    /// What kind of work it is: a manual task where it is left out.
    #[serde(default)]
    pub(crate) task_type: Option<TaskType>,
}
