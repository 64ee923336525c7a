//! Executions of the first version: sections and steps, from top to bottom.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::common::{
    ClosingReason, ECPDetails, PartnerDetails, SectionStatus, StepDescription, StepJourney, StepStatus, TriggerType,
    WorkflowStatus,
};
use super::sync::AttributeTarget;

/// An execution.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WorkflowExecutionV1)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkflowExecution {
    /// Which one.
    pub(crate) id: String,
    /// Of which definition.
    pub(crate) definition_id: String,
    /// Whose.
    pub(crate) org_id: String,
    /// Its name.
    pub(crate) name: String,
    /// When it was started.
    pub(crate) creation_time: String,
    /// When it last changed.
    pub(crate) last_update_time: String,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_time: Option<String>,
    /// Where it stands.
    pub(crate) status: WorkflowStatus,
    /// How it was started.
    pub(crate) trigger: TriggerType,
    /// Who answers for it.
    pub(crate) assigned_to: Vec<String>,
    /// Who closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_modified_by: Option<String>,
    /// What it is about.
    pub(crate) contexts: Vec<WorkflowContext>,
    /// The first open step; none when all are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_open_step: Option<StepId>,
    /// The closing reasons to choose from, as they were at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) configured_closing_reason_snapshot: Option<Vec<ClosingReason>>,
    /// The chosen ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) selected_closing_reasons: Option<Vec<ClosingReason>>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) closing_reason_description: Option<String>,
    /// Whether customers see it.
    #[serde(rename = "enableECPWorkflow", skip_serializing_if = "Option::is_none")]
    pub(crate) enable_ecp_workflow: Option<bool>,
    /// What it writes to entities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_entity_attributes: Option<Vec<UpdateEntityAttributes>>,
    /// How often it has changed.
    pub(crate) version: i64,
    /// Labels and purposes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// Whether only one closing reason may be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) single_closing_reason_selection: Option<bool>,
    /// Its sections and steps. A list leaves out the details of steps.
    pub(crate) flow: Vec<Item>,
}

/// A section or a step.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WorkflowItemV1)]
#[serde(untagged)]
pub(crate) enum Item {
    /// A section.
    Section(Box<Section>),
    /// A step.
    Step(Box<Step>),
}

/// Which of the two an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ItemType {
    /// A step.
    Step,
    /// A section.
    Section,
}

/// What a section is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = SectionKindV1)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum SectionKind {
    /// A section.
    Section,
}

/// What a step is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = StepKindV1)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum StepKind {
    /// A step.
    Step,
}

/// Who does a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StepExecutionType)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum StepType {
    /// A person.
    Manual,
    /// An automation.
    Automation,
}

/// A section.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SectionV1)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Section {
    /// Its id in the execution.
    pub(crate) id: String,
    /// Its id in the definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) definition_id: Option<String>,
    /// Its name.
    pub(crate) name: String,
    /// Always SECTION.
    #[serde(rename = "type")]
    pub(crate) kind: SectionKind,
    /// Its steps.
    pub(crate) steps: Vec<Step>,
    /// Deprecated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_ids: Option<Vec<f64>>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<String>>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started_time: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_time: Option<String>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<SectionStatus>,
    /// Labels and purposes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
}

/// A step.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StepV1)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    /// Its id in the execution.
    pub(crate) id: String,
    /// Its id in the definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) definition_id: Option<String>,
    /// Deprecated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entity_ref_id: Option<String>,
    /// Its name.
    pub(crate) name: String,
    /// Always STEP.
    #[serde(rename = "type")]
    pub(crate) kind: StepKind,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<StepDescription>,
    /// How customers see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ecp: Option<ECPDetails>,
    /// How installers see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) installer: Option<ECPDetails>,
    /// How partners see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) partner: Option<PartnerDetails>,
    /// Whether it can be worked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    /// What has to be done before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requirements: Option<Vec<StepRequirement>>,
    /// Who does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_type: Option<StepType>,
    /// Its section, by its id in the execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) section_id: Option<String>,
    /// Its execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_id: Option<String>,
    /// Deprecated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_ids: Option<Vec<f64>>,
    /// Who is to do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<String>>,
    /// Who began to work on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to_in_progress: Option<String>,
    /// Who paused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to_on_hold: Option<String>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<StepStatus>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<String>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_updated: Option<String>,
    /// When its status last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status_last_updated: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started_time: Option<String>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_time: Option<String>,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    /// Whether it was added to the running execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manually_created: Option<bool>,
    /// What it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) automation_config: Option<AutomationConfig>,
    /// Its form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) journey: Option<StepJourney>,
    /// Labels and purposes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
}

/// The step an execution stands on.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = StepIdV1)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepId {
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
}

/// What an execution is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct WorkflowContext {
    /// Which entity.
    pub(crate) id: String,
    /// Its title; an empty text where none was given.
    #[serde(default)]
    pub(crate) title: String,
    /// Of which schema.
    pub(crate) schema: String,
}

/// What has to be done before a step can be worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepRequirement {
    /// The step or section, by its id in the definition.
    pub(crate) definition_id: String,
    /// Which of the two it is.
    #[serde(rename = "type")]
    pub(crate) kind: ItemType,
    /// Always CLOSED.
    pub(crate) condition: RequirementCondition,
}

/// What has to have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RequirementCondition {
    /// It is completed or skipped.
    Closed,
}

/// What a step runs, and how that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AutomationConfigV1)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AutomationConfig {
    /// What is run.
    pub(crate) flow_id: String,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_id: Option<String>,
    /// How it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_status: Option<String>,
}

/// A rule for a due date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DynamicDueDate {
    /// How many units later.
    pub(crate) number_of_units: f64,
    /// The unit.
    pub(crate) time_period: super::common::TimeUnit,
    /// What it counts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action_type_condition: Option<ActionTypeCondition>,
    /// The step, by its id in the definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step_id: Option<String>,
    /// The section, by its id in the definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_id: Option<String>,
}

/// What a due date counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum ActionTypeCondition {
    WorkflowStarted,
    StepClosed,
    PhaseFinished,
}

/// What an execution writes to entities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct UpdateEntityAttributes {
    /// What.
    pub(crate) source: UpdateSource,
    /// Where.
    pub(crate) target: AttributeTarget,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum UpdateSource {
    WorkflowStatus,
    CurrentSection,
    CurrentStep,
}

/// Which executions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListExecutions {
    /// About the entity of this id.
    pub(crate) context: Option<String>,
    /// About an entity of this schema.
    pub(crate) schema: Option<String>,
}
