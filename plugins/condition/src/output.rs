//! What a condition leaves behind, by its kind (specification, 8.5).

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use stepwell_rules::{CountOperator, Documents, EventCount, Operator, Test};

use crate::bounded::shown;

/// The branch of a condition that has only two.
pub(crate) fn branch(result: bool) -> &'static str {
    if result { "yes" } else { "no" }
}

/// The output, by the kind of condition.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum Output {
    Tested(Tested),
    Matched(Matched),
    Counted(Counted),
    Evaluated(Evaluated),
    Composite(Composite),
}

/// A test of one field.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tested {
    /// The path of the field.
    field: String,
    /// How it was compared.
    operator: Operator,
    /// What it was compared with.
    expected_value: Value,
    /// What it was; null when it is missing.
    actual_value: Value,
    /// Whether the test holds.
    result: bool,
    /// `yes` or `no`.
    branch: &'static str,
}

/// One field compared with the values of several branches.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Matched {
    /// The path of the field.
    pub(crate) field: String,
    /// `multi`.
    pub(crate) mode: &'static str,
    /// The name of the branch.
    pub(crate) matched_branch: String,
    /// What the field was; null when it is missing.
    pub(crate) actual_value: Value,
    /// The id of the branch, or `default`.
    pub(crate) branch: String,
}

/// A count of events.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counted {
    /// The name of the events.
    event: String,
    /// How the count was compared.
    operator: CountOperator,
    /// What it was compared with.
    expected_value: u64,
    /// The count.
    actual_value: u64,
    /// Whether the test holds.
    result: bool,
    /// `yes` or `no`.
    branch: &'static str,
}

/// Several conditions in one.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Composite {
    /// Whether they hold.
    result: bool,
    /// `yes` or `no`.
    branch: &'static str,
}

/// An expression.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Evaluated {
    /// The expression as configured.
    pub(crate) expression: String,
    /// Whether it is true.
    pub(crate) result: bool,
    /// `yes` or `no`.
    pub(crate) branch: &'static str,
    /// Why it could not be evaluated, which counts as no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Tested {
    pub(crate) fn new(test: &Test, documents: &Documents<'_>, result: bool) -> Self {
        Self {
            field: test.field.clone(),
            operator: test.operator,
            expected_value: shown(test.value.as_ref()),
            actual_value: shown(test.actual(documents)),
            result,
            branch: branch(result),
        }
    }
}

impl Counted {
    pub(crate) fn new(count: &EventCount, actual_value: u64, result: bool) -> Self {
        Self {
            event: count.event.clone(),
            operator: count.operator,
            expected_value: count.value,
            actual_value,
            result,
            branch: branch(result),
        }
    }
}

impl Composite {
    pub(crate) fn new(result: bool) -> Self {
        Self { result, branch: branch(result) }
    }
}
