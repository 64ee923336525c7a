//! Schedules, conditions and loops: what automations and decisions have in addition.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::TimeUnit;
use crate::wire::Time;

/// When a task begins by itself. `mode` says which members count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSchedule)]
pub(crate) struct Schedule {
    /// How it is set; `immediate` where it is left out (the definition API allows that).
    #[serde(default)]
    pub(crate) mode: ScheduleMode,
    /// Before or after the reference (relative).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) direction: Option<Direction>,
    /// How many units (delayed, relative).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<f64>,
    /// The unit (delayed, relative).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<TimeUnit>,
    /// What it counts from (relative).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<Reference>,
    /// Its id, while it is armed. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schedule_id: Option<String>,
    /// When it fires. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scheduled_at: Option<String>,
    /// JSON `{error_code, error_reason, error_info}`: why it could not be armed. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error_reason: Option<String>,
}

/// How a schedule is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowScheduleMode)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScheduleMode {
    /// At once.
    #[default]
    Immediate,
    /// After a time.
    Delayed,
    /// Before or after something.
    Relative,
}

/// Before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowDirection)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// What a schedule counts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowScheduleReference)]
pub(crate) struct Reference {
    /// The task's template id; else a word.
    pub(crate) id: String,
    /// What it is.
    pub(crate) origin: ReferenceOrigin,
    /// The schema of the entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    /// The entity's attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attribute: Option<String>,
}

/// What a schedule counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowReferenceOrigin)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum ReferenceOrigin {
    FlowStarted,
    TaskCompleted,
    TriggerEntityAttribute,
    AllPrecedingTasksCompleted,
}

/// A branch of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowCondition)]
pub(crate) struct Condition {
    /// Its id, chosen by the template.
    pub(crate) id: String,
    /// Its name.
    #[schema(max_length = 255)]
    pub(crate) branch_name: String,
    /// Whether all statements have to hold, or one.
    pub(crate) logical_operator: LogicalOperator,
    /// What has to hold; null in some templates.
    #[serde(default, deserialize_with = "none_for_null")]
    #[schema(value_type = Option<Vec<Statement>>)]
    pub(crate) statements: Vec<Statement>,
    /// When it was evaluated. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) evaluated_at: Option<Time>,
    /// Whether it held then. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) is_met: Option<bool>,
}

fn none_for_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Statement>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Whether all have to hold, or one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowLogicalOperator)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum LogicalOperator {
    /// All.
    And,
    /// One.
    Or,
}

/// Something that has to hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowStatement)]
pub(crate) struct Statement {
    /// Its id.
    pub(crate) id: String,
    /// What is compared.
    pub(crate) source: EvaluationSource,
    /// How.
    pub(crate) operator: Operator,
    /// With what.
    pub(crate) values: Vec<String>,
    /// What kind of values these are; static where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value_type: Option<ValueType>,
}

/// What kind of values a statement has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowValueType)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueType {
    /// As they stand.
    Static,
    /// Words for days, such as `today`.
    RelativeDate,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowOperator)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum Operator {
    Equals,
    NotEquals,
    AnyOf,
    NoneOf,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    GreaterThan,
    LessThan,
    GreaterThanOrEquals,
    LessThanOrEquals,
    IsEmpty,
    IsNotEmpty,
}

/// What a statement compares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowEvaluationSource)]
#[serde(default)]
pub(crate) struct EvaluationSource {
    /// The trigger or the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Whether it comes from the flow's trigger or from an earlier task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<SourceOrigin>,
    /// What kind of thing it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin_type: Option<SourceOriginType>,
    /// The entity's schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    /// The attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attribute: Option<String>,
    /// The attribute's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attribute_type: Option<AttributeType>,
    /// Whether the attribute is a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attribute_repeatable: Option<bool>,
    /// Which changes count; not for decisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attribute_operation: Option<AttributeOperation>,
    /// Several attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10)]
    pub(crate) attributes: Option<Vec<String>>,
    /// Whether one of them has to fit, or all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attributes_match: Option<AttributesMatch>,
    /// A part of a composed value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attribute_sub_field: Option<String>,
    /// Added to the attribute's date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date_offset: Option<DateOffset>,
}

/// Where a compared value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSourceOrigin)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum SourceOrigin {
    Trigger,
    Action,
}

/// What kind of thing a compared value is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSourceOriginType)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum SourceOriginType {
    Entity,
    Workflow,
    JourneyBlock,
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowAttributeType)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum AttributeType {
    String,
    Text,
    Number,
    Boolean,
    Date,
    Datetime,
    Tags,
    Country,
    Email,
    Phone,
    Product,
    Price,
    Status,
    Relation,
    Multiselect,
    Select,
    Radio,
    RelationUser,
    Purpose,
    Label,
    MessageEmailAddress,
}

/// Which changes of an attribute count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowAttributeOperation)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum AttributeOperation {
    All,
    Updated,
    Added,
    Deleted,
}

/// How many of several attributes have to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowAttributesMatch)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum AttributesMatch {
    Any,
    All,
}

/// Added to a date before it is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowDateOffset)]
#[serde(default)]
pub(crate) struct DateOffset {
    /// How many; negative for earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<i64>,
    /// Of what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<OffsetUnit>,
}

/// A unit of a date offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowOffsetUnit)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum OffsetUnit {
    Days,
    Months,
    Years,
}

/// The loop of a decision, or the one that a task is in. The branches are those of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowLoopConfig)]
pub(crate) struct LoopConfig {
    /// The condition that repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) loop_branch_id: Option<String>,
    /// The condition that leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exit_branch_id: Option<String>,
    /// How often it repeats at most.
    #[serde(default = "three")]
    #[schema(minimum = 1, maximum = 10)]
    pub(crate) max_iterations: u32,
    /// How often it has repeated. Set by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crt_iterations: Option<u32>,
}

fn three() -> u32 {
    3
}
