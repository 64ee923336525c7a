//! Definitions of the first version. The document is kept as it was sent; these types say what is read from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::common::{ECPDetails, More, PartnerDetails, StepDescription, StepJourney};
use super::template::ReasonRef;
use super::v1::{DynamicDueDate, ItemType, StepRequirement, StepType, UpdateEntityAttributes};

/// A definition.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = WorkflowDefinitionV1)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkflowDefinition {
    /// Which one. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Its name.
    #[schema(max_length = 1000, pattern = r"\S")]
    pub(crate) name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// When it was created. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) creation_time: Option<String>,
    /// When it last changed. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_update_time: Option<String>,
    /// Whether it can be started; true where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    /// When its executions are due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    /// Deprecated; kept and given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_ids: Option<Vec<f64>>,
    /// Who answers for its executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<String>>,
    /// Whether customers see its executions.
    #[serde(rename = "enableECPWorkflow", default, skip_serializing_if = "Option::is_none")]
    pub(crate) enable_ecp_workflow: Option<bool>,
    /// Its sections and steps; `order` says which comes first.
    pub(crate) flow: Vec<DefinitionItem>,
    /// Why its executions may be closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closing_reasons: Option<Vec<ReasonRef>>,
    /// What its executions write to entities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) update_entity_attributes: Option<Vec<UpdateEntityAttributes>>,
    /// Labels and purposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// Whether only one closing reason may be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) single_closing_reason_selection: Option<bool>,
    /// Kept and given back.
    #[serde(rename = "_manifest", default, skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<Vec<String>>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// A section or a step of a definition. A section has `steps`; where `type` is left out, that tells which of the two it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DefinitionItemV1)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DefinitionItem {
    /// Its id; made by the server where it is left out.
    #[schema(max_length = 100)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Its name.
    #[schema(max_length = 1000)]
    pub(crate) name: String,
    /// Its place.
    #[serde(default)]
    pub(crate) order: f64,
    /// Which of the two it is.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<ItemType>,
    /// When it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    /// The rule for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic_due_date: Option<DynamicDueDate>,
    /// Who is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assigned_to: Option<Vec<String>>,
    /// Labels and purposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taxonomies: Option<Vec<String>>,
    /// The steps of a section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub(crate) steps: Option<Vec<DefinitionItem>>,
    /// Deprecated; kept and given back (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_ids: Option<Vec<f64>>,
    /// Its description (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<StepDescription>,
    /// Who does it (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) execution_type: Option<StepType>,
    /// What it runs (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) automation_config: Option<Value>,
    /// Its form (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) journey: Option<StepJourney>,
    /// What has to be done before (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requirements: Option<Vec<StepRequirement>>,
    /// How customers see it (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ecp: Option<ECPDetails>,
    /// How installers see it (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) installer: Option<ECPDetails>,
    /// How partners see it (steps).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) partner: Option<PartnerDetails>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) more: More,
}

/// How many definitions there are and may be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MaxAllowedLimit {
    /// How many there are.
    pub(crate) current_no_of_workflows: u64,
    /// How many there may be.
    pub(crate) max_allowed: u64,
}
