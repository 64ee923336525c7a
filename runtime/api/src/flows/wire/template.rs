//! Templates of flows. The document is kept as it was sent; these types say what is read from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::common::{Assignee, DueDateConfig, More};
use super::sync::EntitySync;
use super::template_task::{TemplateEdge, TemplatePhase, TemplateTask};

/// A template of a flow.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct FlowTemplate {
    /// Which one. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Whose. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) org_id: Option<String>,
    /// Its name.
    #[schema(min_length = 3)]
    pub(crate) name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 5000)]
    pub(crate) description: Option<String>,
    /// What starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trigger: Option<Trigger>,
    /// What starts it as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) additional_triggers: Option<Vec<Trigger>>,
    /// Whether it can be started; true where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    /// How it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<Version>,
    /// When it was created. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<String>,
    /// When it last changed. In an update: when what is updated last changed; another time is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) updated_at: Option<String>,
    /// When its executions are due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date_config: Option<DueDateConfig>,
    /// Who answers for its executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<Assignee>>,
    /// Whether customers see its executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) available_in_ecp: Option<bool>,
    /// Its phases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phases: Option<Vec<TemplatePhase>>,
    /// Its tasks.
    pub(crate) tasks: Vec<TemplateTask>,
    /// Where it goes from where.
    pub(crate) edges: Vec<TemplateEdge>,
    /// Why its executions may be closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closing_reasons: Option<Vec<ReasonRef>>,
    /// What its executions write to entities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_sync: Option<Vec<EntitySync>>,
    /// Labels and purposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// Whether only one closing reason may be chosen.
    #[serde(rename = "singleClosingReasonSelection", default, skip_serializing_if = "Option::is_none")]
    pub(crate) single_closing_reason_selection: Option<bool>,
    /// Kept and given back.
    #[serde(rename = "_manifest", default, skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<Vec<String>>,
    /// Whether a task waits for all of its predecessors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) linear: Option<bool>,
    /// Which limits it exceeds. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit_warnings: Option<Vec<FlowLimitWarning>>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// How a template was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTemplateVersion)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Version {
    /// Deprecated.
    V1,
    /// One task after the other.
    V2,
    /// Branches and parallel paths.
    V3,
}

/// What starts a flow. `type` says which members count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTemplateTrigger)]
pub(crate) struct Trigger {
    /// What kind of trigger it is.
    #[serde(rename = "type")]
    pub(crate) kind: TriggerKind,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// For entities of this schema (manual, journey_automation).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_schema: Option<String>,
    /// The automation (automation, journey_submission).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) automation_id: Option<String>,
    /// What of a message is the entity (automation).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_entity: Option<InputEntity>,
    /// What makes the automation (automation); kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub(crate) trigger_config: Option<Vec<Value>>,
    /// The form; required for journey_submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) journey_id: Option<String>,
    /// The form's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) journey_name: Option<String>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// What kind of trigger it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowTriggerKind)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum TriggerKind {
    Manual,
    Automation,
    JourneySubmission,
    JourneyAutomation,
}

/// What of a message is the entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowInputEntity)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum InputEntity {
    Thread,
    FirstEmail,
    LastEmail,
}

/// A closing reason by its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowReasonRef)]
pub(crate) struct ReasonRef {
    /// Which one.
    pub(crate) id: String,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// A limit that a template exceeds. It works all the same.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FlowLimitWarning {
    /// A stable word, for programs: `errors.task_max_incoming_edges`.
    #[serde(rename = "i18nKey")]
    pub(crate) i18n_key: String,
    /// In words.
    pub(crate) message: String,
    /// How many are allowed.
    pub(crate) max: f64,
    /// How many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<f64>,
    /// Of which task or phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) node_id: Option<String>,
    /// The task's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_name: Option<String>,
    /// The branch's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) branch_name: Option<String>,
    /// The parameter's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) param_name: Option<String>,
    /// Where: names and indexes.
    #[schema(value_type = Vec<Value>)]
    pub(crate) path: Vec<Value>,
}
