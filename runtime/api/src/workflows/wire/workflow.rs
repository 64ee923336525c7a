//! Workflows: what is sent and what is answered.

use serde::{Deserialize, Serialize};
use stepwell_core::{Reentry, TriggerKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::step::DetailedStep;
use crate::wire::{EventName, JsonObject, Time, nullable};

/// What starts executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TriggerType {
    /// An event of the name in `triggerConfig.eventName`.
    Event,
    /// Only a request to start one.
    Manual,
    /// The cron expression in `triggerConfig.cron`.
    Schedule,
}

impl From<TriggerType> for TriggerKind {
    fn from(wire: TriggerType) -> Self {
        match wire {
            TriggerType::Event => Self::Event,
            TriggerType::Manual => Self::Manual,
            TriggerType::Schedule => Self::Schedule,
        }
    }
}

impl From<TriggerKind> for TriggerType {
    fn from(kind: TriggerKind) -> Self {
        match kind {
            TriggerKind::Event => Self::Event,
            TriggerKind::Manual => Self::Manual,
            TriggerKind::Schedule => Self::Schedule,
        }
    }
}

/// How often a contact may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReentryPolicy {
    /// Once, whatever became of it.
    Once,
    /// Once, but a failed or cancelled execution does not count.
    OnceUnlessFailed,
    /// One execution at a time.
    OneActive,
    /// Any number, also at a time.
    Always,
}

impl From<ReentryPolicy> for Reentry {
    fn from(wire: ReentryPolicy) -> Self {
        match wire {
            ReentryPolicy::Once => Self::Once,
            ReentryPolicy::OnceUnlessFailed => Self::OnceUnlessFailed,
            ReentryPolicy::OneActive => Self::OneActive,
            ReentryPolicy::Always => Self::Always,
        }
    }
}

impl From<Reentry> for ReentryPolicy {
    fn from(reentry: Reentry) -> Self {
        match reentry {
            Reentry::Once => Self::Once,
            Reentry::OnceUnlessFailed => Self::OnceUnlessFailed,
            Reentry::OneActive => Self::OneActive,
            Reentry::Always => Self::Always,
        }
    }
}

/// A new workflow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Welcome", "eventName": "signed_up", "enabled": false }))]
pub(crate) struct CreateWorkflow {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    pub(crate) name: String,
    /// The event that starts it; needed unless `triggerConfig` names one or the trigger is of another type.
    pub(crate) event_name: Option<EventName>,
    /// What it is for, for people.
    #[schema(max_length = 2000)]
    pub(crate) description: Option<String>,
    /// Whether it starts executions from now on.
    #[serde(default)]
    #[schema(default = false)]
    pub(crate) enabled: Option<bool>,
    /// `false` for `reentry` of `once`, `true` for `always`.
    pub(crate) allow_reentry: Option<bool>,
    /// How often a contact may enter; `once` if nothing is said.
    pub(crate) reentry: Option<ReentryPolicy>,
    /// What starts executions; `EVENT` if nothing is said.
    pub(crate) trigger_type: Option<TriggerType>,
    /// For `EVENT` `{eventName}`, for `MANUAL` nothing, for `SCHEDULE` `{cron, timeZone?, catchUp?: once|skip,
    /// audience?: {subscribed?, filter?}}`.
    pub(crate) trigger_config: Option<JsonObject>,
    /// Whether each step of its executions is stored before the next one runs, for comparison and for debugging. Otherwise steps
    /// that touch nothing outside are stored together: that is faster, and guarantees the same.
    #[serde(default)]
    #[schema(default = false)]
    pub(crate) commit_every_step: Option<bool>,
}

/// Changes of a workflow. What is not sent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "enabled": true }))]
pub(crate) struct PatchWorkflow {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    pub(crate) name: Option<String>,
    /// What it is for; null for nothing.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub(crate) description: Option<Option<String>>,
    /// What starts executions. Not changed while executions are active and the workflow is enabled.
    pub(crate) trigger_type: Option<TriggerType>,
    /// The trigger's settings, as on creation.
    pub(crate) trigger_config: Option<JsonObject>,
    /// Whether it starts executions from now on; those that run go on either way.
    pub(crate) enabled: Option<bool>,
    /// `false` for `reentry` of `once`, `true` for `always`; a value that agrees with the policy leaves it.
    pub(crate) allow_reentry: Option<bool>,
    /// How often a contact may enter.
    pub(crate) reentry: Option<ReentryPolicy>,
    /// Whether each step of its executions is stored before the next one runs, for comparison and for debugging. Otherwise steps
    /// that touch nothing outside are stored together: that is faster, and guarantees the same.
    pub(crate) commit_every_step: Option<bool>,
}

/// A workflow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Workflow {
    /// Which one.
    pub(crate) id: Uuid,
    /// Its name.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// Whether it starts executions.
    pub(crate) enabled: bool,
    /// What starts executions.
    pub(crate) trigger_type: TriggerType,
    /// The trigger's settings.
    pub(crate) trigger_config: Option<JsonObject>,
    /// Whether a contact may enter again.
    pub(crate) allow_reentry: bool,
    /// How often a contact may enter.
    pub(crate) reentry: ReentryPolicy,
    /// Whether each step of its executions is stored before the next one runs, for comparison and for debugging. Otherwise steps
    /// that touch nothing outside are stored together: that is faster, and guarantees the same.
    pub(crate) commit_every_step: bool,
    /// The newest version of the graph. Every edit makes one; executions stay on the one they started with.
    pub(crate) version: u32,
    /// The workspace.
    pub(crate) project_id: Uuid,
    /// When it was created.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
}

/// How much a workflow has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkflowCount {
    /// Steps of the newest version.
    pub(crate) steps: u64,
    /// Executions, ended ones included.
    pub(crate) executions: u64,
}

/// A workflow in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedWorkflow {
    #[serde(flatten)]
    pub(crate) workflow: Workflow,
    /// How much it has.
    #[serde(rename = "_count")]
    pub(crate) count: WorkflowCount,
}

/// A workflow with its steps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkflowDetail {
    #[serde(flatten)]
    pub(crate) workflow: Workflow,
    /// The steps, oldest first, each with its transitions.
    pub(crate) steps: Vec<DetailedStep>,
}

/// The workspace's name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectRef {
    /// Its name.
    pub(crate) name: String,
}

/// A workflow after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PatchedWorkflow {
    #[serde(flatten)]
    pub(crate) workflow: Workflow,
    /// The workspace.
    pub(crate) project: ProjectRef,
}

/// The fields that conditions and templates can use.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fields {
    /// Their paths.
    pub(crate) fields: Vec<String>,
    /// The same with types.
    pub(crate) typed_fields: Vec<Field>,
    /// How many there are.
    pub(crate) count: usize,
}

/// A field that conditions and templates can use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Field {
    /// Its path.
    #[schema(example = "contact.data.plan")]
    pub(crate) field: String,
    /// What it holds, as far as has been seen.
    #[serde(rename = "type")]
    pub(crate) kind: FieldType,
    /// Where it comes from.
    pub(crate) category: FieldCategory,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldType {
    /// A text, or something else.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A time in RFC 3339.
    Date,
}

/// Where a field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) enum FieldCategory {
    /// The contact itself.
    #[serde(rename = "Contact Fields")]
    Contact,
    /// The contact's data.
    #[serde(rename = "Custom Data")]
    Custom,
    /// The event's data.
    #[serde(rename = "Event Data")]
    Event,
}
