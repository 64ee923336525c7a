//! Tasks, phases and edges of templates.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::common::{
    Assignee, DueDateConfig, ECPDetails, EnableRequirement, More, PartnerDetails, StepDescription, StepJourney,
    TaskType, TriggerMode,
};
use super::schedule::{Condition, LoopConfig, Schedule};
use super::task::AutomationInputContext;

/// A task of a template. `task_type` says which members count.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTemplateTask)]
pub(crate) struct TemplateTask {
    /// Its id, chosen by the author.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// What kind of work it is.
    pub(crate) task_type: TaskType,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<StepDescription>,
    /// Its form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) journey: Option<StepJourney>,
    /// When it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// What has to be done before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requirements: Option<Vec<EnableRequirement>>,
    /// Who is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// How customers see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ecp: Option<ECPDetails>,
    /// How installers see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) installer: Option<ECPDetails>,
    /// How partners see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) partner: Option<PartnerDetails>,
    /// Labels and purposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// Its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_id: Option<String>,
    /// What an automation runs; required for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) automation_config: Option<TemplateAutomation>,
    /// Who begins it; required for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trigger_mode: Option<TriggerMode>,
    /// When it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<Schedule>,
    /// Kept and given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created_automatically: Option<bool>,
    /// The branches of a decision; required for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) conditions: Option<Vec<Condition>>,
    /// Whether all met branches are taken, or the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allow_parallel_execution: Option<bool>,
    /// The loop of a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) loop_config: Option<LoopConfig>,
    /// Which agent, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) agent_config: Option<Value>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// What an automation of a template runs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTemplateAutomation)]
pub(crate) struct TemplateAutomation {
    /// A workflow of this server by its id, an installed step type by its name, or something that somebody else runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) flow_id: Option<String>,
    /// An installed step type with its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action_config: Option<ActionConfig>,
    /// Kept and given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) duplicated_flow_id: Option<String>,
    /// What it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_context: Option<AutomationInputContext>,
    /// What else it is given, `config` above all.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// A step type with its configuration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowActionConfig)]
pub(crate) struct ActionConfig {
    /// The step type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) config: Option<Value>,
}

/// A phase of a template.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTemplatePhase)]
pub(crate) struct TemplatePhase {
    /// Its id, chosen by the author.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// When it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// Labels and purposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// Where a template goes from where.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTemplateEdge)]
pub(crate) struct TemplateEdge {
    /// Its id, chosen by the author.
    pub(crate) id: String,
    /// A task, a phase, or `trigger`.
    pub(crate) from_id: String,
    /// A task or a phase; null, empty or left out for an open end.
    #[serde(default)]
    pub(crate) to_id: Option<String>,
    /// The condition of the decision it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition_id: Option<String>,
    /// Whether it is taken when no condition is met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) none_met: Option<bool>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}
