//! The JSON Schema of the configuration.
//!
//! Its forms lie side by side in one object instead of behind `anyOf`: so a checker names the member that is wrong, instead of
//! saying that no form fits. Which members belong together, `validate` checks.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use stepwell_rules::Operator;

use crate::config::Config;

impl JsonSchema for Config {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Form::json_schema(generator)
    }
}

/// One of: a test (`field`, `operator`, `value`), a count of events (`event`, `operator`, `value`, `withinDays`), a composite
/// (`all`, `any` or `not`), several branches (`mode`, `field`, `branches`), or an expression (`expression`).
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is used")]
struct Form {
    /// `multi` for several branches; may be left out otherwise.
    mode: Option<Mode>,
    /// The path of the field: `contact.email`, `contact.data.plan`, `event.total`, `steps.<name>.response`, …
    #[schemars(length(min = 1, max = 1000))]
    field: Option<String>,
    /// How the field, or the count, is compared.
    operator: Option<Operator>,
    /// What the field, or the count, is compared with.
    value: Option<Value>,
    /// The name of the events to count.
    #[schemars(length(min = 1, max = 1000))]
    event: Option<String>,
    /// Counts only the events of the last so many days.
    within_days: Option<f64>,
    /// Conditions that must all hold.
    #[schemars(length(min = 1))]
    all: Option<Vec<Rule>>,
    /// Conditions of which one must hold.
    #[schemars(length(min = 1))]
    any: Option<Vec<Rule>>,
    /// A condition that must not hold.
    not: Option<Rule>,
    /// The branches in the order in which they are tried; `default` is followed when none matches.
    #[schemars(length(min = 1, max = 20))]
    branches: Option<Vec<Branch>>,
    /// A CEL expression over `contact`, `data`, `event`, `steps`, `variables` and `now` (in milliseconds since 1970).
    #[schemars(length(min = 1, max = 1000))]
    expression: Option<String>,
}

/// How many branches there are.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum Mode {
    /// `yes` and `no`.
    Binary,
    /// Those in `branches`, and `default`.
    Multi,
}

/// A test of one field, a count of events, or a composite of conditions.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is used")]
struct Rule {
    /// The path of the field.
    field: Option<String>,
    /// How the field, or the count, is compared.
    operator: Option<Operator>,
    /// What the field, or the count, is compared with.
    value: Option<Value>,
    /// The name of the events to count.
    event: Option<String>,
    /// Counts only the events of the last so many days.
    within_days: Option<f64>,
    /// Conditions that must all hold.
    all: Option<Vec<Rule>>,
    /// Conditions of which one must hold.
    any: Option<Vec<Rule>>,
    /// A condition that must not hold.
    not: Option<Box<Rule>>,
}

/// A branch.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is used")]
struct Branch {
    /// What transitions name it by.
    #[schemars(length(min = 1))]
    id: String,
    /// What people call it.
    name: Option<String>,
    /// How the field is compared.
    operator: Operator,
    /// What the field is compared with.
    value: Option<Value>,
}
