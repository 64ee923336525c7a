//! How templates are written, listed and searched.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// How a template is written.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WriteTemplate {
    /// Whether an exceeded limit is refused; else it is only reported.
    #[serde(default)]
    pub(crate) enforce_limits: bool,
}

/// Which templates.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTemplates {
    /// Started by this.
    #[param(inline)]
    pub(crate) trigger_type: Option<SearchTriggerType>,
    /// Started by this automation or form; not for manual triggers.
    pub(crate) trigger_source_id: Option<String>,
    /// Started for entities of this schema; only for manual triggers.
    pub(crate) trigger_schema: Option<String>,
}

/// A trigger to search by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = FlowSearchTriggerType)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum SearchTriggerType {
    JourneySubmission,
    Manual,
    Automation,
}

/// Which templates.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SearchFlowTemplates {
    /// Whose name contains this, in any case.
    pub(crate) name: Option<String>,
    /// Of this id.
    pub(crate) definition_id: Option<String>,
    /// Started by this.
    pub(crate) trigger_type: Option<SearchTriggerType>,
    /// Enabled, or not.
    pub(crate) enabled: Option<bool>,
    /// How many to leave out.
    #[schema(minimum = 0)]
    pub(crate) from: Option<u32>,
    /// How many at most.
    #[schema(minimum = 0)]
    pub(crate) size: Option<u32>,
    /// By what they are sorted: the last change where it is left out.
    pub(crate) sort_by: Option<SortBy>,
    /// In which direction: the last first where it is left out.
    pub(crate) sort_order: Option<SortOrder>,
}

/// By what templates are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = FlowTemplateSort)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum SortBy {
    CreatedAt,
    UpdatedAt,
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = FlowSortOrder)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum SortOrder {
    Asc,
    Desc,
}

/// The templates that were found; documents as they were sent, with what the server adds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlowTemplatesList {
    /// The templates.
    #[schema(value_type = Vec<super::template::FlowTemplate>)]
    pub(crate) results: Vec<Box<RawValue>>,
}

/// The templates that were found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowFoundTemplates)]
pub(crate) struct FoundTemplates {
    /// How many there are, shown or not.
    pub(crate) hits: u64,
    /// The templates.
    #[schema(value_type = Vec<super::template::FlowTemplate>)]
    pub(crate) results: Vec<Box<RawValue>>,
}
