//! The operators of a test, and what each says about a missing value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::date::{DAY, to_millis};
use crate::number::{same_number, to_number};
use crate::text::to_text;

/// How a field is compared. A missing field and a null one are the same, and so are a missing and a null `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Operator {
    /// The same value of the same type (`"1"` is not `1`). A missing field equals only a missing `value`.
    Equals,
    /// Not the same value. False when the field is missing.
    NotEquals,
    /// The text of the field contains the text of `value`. False when the field is missing.
    Contains,
    /// The text of the field does not contain the text of `value`. False when the field is missing.
    NotContains,
    /// Both are numbers, or texts of numbers, and the field is larger. Dates are not compared.
    GreaterThan,
    /// Both are numbers, or texts of numbers, and the field is smaller. Dates are not compared.
    LessThan,
    /// Both are numbers, or texts of numbers, and the field is at least `value`.
    GreaterThanOrEqual,
    /// Both are numbers, or texts of numbers, and the field is at most `value`.
    LessThanOrEqual,
    /// The field is there and not null; `""`, `0` and `false` are there.
    Exists,
    /// The field is missing or null.
    NotExists,
    /// The field is a date before the date `value`, or before this moment when `value` is `"now"`.
    Before,
    /// The field is a date after the date `value`, or after this moment when `value` is `"now"`.
    After,
    /// The field is a date within the last `value` days, or within the next days when `value` is negative.
    WithinDays,
}

/// Every operator with its name in JSON.
const NAMES: [(&str, Operator); 13] = [
    ("equals", Operator::Equals),
    ("notEquals", Operator::NotEquals),
    ("contains", Operator::Contains),
    ("notContains", Operator::NotContains),
    ("greaterThan", Operator::GreaterThan),
    ("lessThan", Operator::LessThan),
    ("greaterThanOrEqual", Operator::GreaterThanOrEqual),
    ("lessThanOrEqual", Operator::LessThanOrEqual),
    ("exists", Operator::Exists),
    ("notExists", Operator::NotExists),
    ("before", Operator::Before),
    ("after", Operator::After),
    ("withinDays", Operator::WithinDays),
];

/// How far `withinDays` may look, in days.
const FURTHEST_DAYS: f64 = 36_500.0;

impl Operator {
    /// Finds an operator by its name in JSON.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, operator)| *operator)
    }

    /// The names of all operators, for messages.
    pub(crate) fn names() -> String {
        NAMES.map(|(name, _)| name).join(", ")
    }

    /// Compares the value of a field with the expected one; null stands for missing on both sides.
    pub fn compare(self, actual: Option<&Value>, expected: Option<&Value>, now_ms: i64) -> bool {
        let (actual, expected) = (present(actual), present(expected));
        match (self, actual) {
            (Self::NotExists, actual) => actual.is_none(),
            (Self::Equals, None) => expected.is_none(),
            (_, None) => false,
            (Self::Exists, Some(_)) => true,
            (Self::Equals, Some(actual)) => expected.is_some_and(|expected| same(actual, expected)),
            (Self::NotEquals, Some(actual)) => !expected.is_some_and(|expected| same(actual, expected)),
            (_, Some(actual)) => expected.is_some_and(|expected| self.relates(actual, expected, now_ms)),
        }
    }

    /// The operators that need a value on both sides.
    fn relates(self, actual: &Value, expected: &Value, now_ms: i64) -> bool {
        match self {
            Self::Contains => to_text(actual).contains(&to_text(expected)),
            Self::NotContains => !to_text(actual).contains(&to_text(expected)),
            Self::GreaterThan => numbers(actual, expected, |a, b| a > b),
            Self::LessThan => numbers(actual, expected, |a, b| a < b),
            Self::GreaterThanOrEqual => numbers(actual, expected, |a, b| a >= b),
            Self::LessThanOrEqual => numbers(actual, expected, |a, b| a <= b),
            Self::Before => dates(actual, expected, now_ms, |a, b| a < b),
            Self::After => dates(actual, expected, now_ms, |a, b| a > b),
            Self::WithinDays => within_days(actual, expected, now_ms),
            Self::Equals | Self::NotEquals | Self::Exists | Self::NotExists => false,
        }
    }

    /// What makes `value` unfit for this operator; `None` when it is fit.
    ///
    /// An unfit value is no error at run time, where the test is just false; it is one when a workflow is saved.
    pub fn value_problem(self, value: Option<&Value>) -> Option<String> {
        let value = present(value);
        match self {
            Self::Equals | Self::NotEquals | Self::Exists | Self::NotExists => None,
            Self::Contains | Self::NotContains => value.is_none().then(|| "is required".to_owned()),
            Self::GreaterThan | Self::LessThan | Self::GreaterThanOrEqual | Self::LessThanOrEqual => {
                expect(value, "a number", |value| to_number(value).is_some())
            }
            Self::Before | Self::After => {
                expect(value, "a date or \"now\"", |value| value == "now" || to_millis(value).is_some())
            }
            Self::WithinDays => expect(value, "a number of days other than 0, within 100 years", is_days),
        }
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

fn expect(value: Option<&Value>, what: &str, fits: impl Fn(&Value) -> bool) -> Option<String> {
    match value {
        Some(value) if fits(value) => None,
        Some(_) => Some(format!("must be {what}")),
        None => Some(format!("is required and must be {what}")),
    }
}

fn is_days(value: &Value) -> bool {
    value.as_f64().is_some_and(|days| days != 0.0 && days.abs() <= FURTHEST_DAYS)
}

/// Strict equality, numbers by their value, arrays and objects by their content.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => same_number(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

fn numbers(actual: &Value, expected: &Value, test: impl Fn(f64, f64) -> bool) -> bool {
    to_number(actual).zip(to_number(expected)).is_some_and(|(actual, expected)| test(actual, expected))
}

fn dates(actual: &Value, expected: &Value, now_ms: i64, test: impl Fn(i64, i64) -> bool) -> bool {
    let expected = if expected == "now" { Some(now_ms) } else { to_millis(expected) };
    to_millis(actual).zip(expected).is_some_and(|(actual, expected)| test(actual, expected))
}

/// The last n days end now and the next n days begin now; both ends belong to them.
fn within_days(actual: &Value, expected: &Value, now_ms: i64) -> bool {
    let Some((date, days)) = to_millis(actual).zip(to_number(expected)) else { return false };
    let age = now_ms as f64 - date as f64;
    if days >= 0.0 { (0.0..=days * DAY).contains(&age) } else { (days * DAY..=0.0).contains(&age) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_767_312_000_000; // 2026-01-02

    fn holds(actual: impl Into<Value>, operator: Operator, expected: impl Into<Value>) -> bool {
        operator.compare(Some(&actual.into()), Some(&expected.into()), NOW)
    }

    #[test]
    fn names_are_those_of_serde() {
        for (name, operator) in NAMES {
            assert_eq!(json!(operator), json!(name));
            assert_eq!(Operator::named(name), Some(operator));
        }
        assert_eq!(Operator::named("Equals"), None);
    }

    #[test]
    fn of_a_missing_field_only_absence_is_true() {
        for (name, operator) in NAMES {
            for missing in [None, Some(&Value::Null)] {
                let holds = operator.compare(missing, Some(&json!("x")), NOW);
                assert_eq!(holds, operator == Operator::NotExists, "{name}");
            }
        }
        assert!(Operator::Equals.compare(None, None, NOW));
        assert!(Operator::Equals.compare(Some(&Value::Null), None, NOW));
        assert!(!Operator::NotEquals.compare(None, None, NOW));
    }

    #[test]
    fn equality_is_strict_about_types_and_loose_about_fractions() {
        assert!(holds(json!(1), Operator::Equals, json!(1.0)));
        assert!(holds(json!({"a": [1]}), Operator::Equals, json!({"a": [1.0]})));
        assert!(!holds(json!("1"), Operator::Equals, json!(1)));
        assert!(holds(json!("1"), Operator::NotEquals, json!(1)));
        assert!(!holds(json!(true), Operator::Equals, json!("true")));
        assert!(Operator::NotEquals.compare(Some(&json!("a")), None, NOW));
    }

    #[test]
    fn empty_values_exist() {
        for value in [json!(""), json!(0), json!(false), json!([])] {
            assert!(Operator::Exists.compare(Some(&value), None, NOW));
            assert!(!Operator::NotExists.compare(Some(&value), None, NOW));
        }
    }

    #[test]
    fn contains_looks_at_text_forms() {
        assert!(holds(json!("größer"), Operator::Contains, json!("öß")));
        assert!(holds(json!(["red", "blue"]), Operator::Contains, json!("blue")));
        assert!(holds(json!(12345), Operator::Contains, json!(34)));
        assert!(holds(json!("abc"), Operator::NotContains, json!("x")));
        assert!(!Operator::NotContains.compare(Some(&json!("abc")), None, NOW));
    }

    #[test]
    fn numbers_are_compared_and_dates_are_not() {
        assert!(holds(json!("10"), Operator::GreaterThan, json!(9)));
        assert!(holds(json!(3), Operator::LessThanOrEqual, json!("3")));
        assert!(!holds(json!("ten"), Operator::LessThan, json!(9)));
        assert!(!holds(json!("2026-01-02"), Operator::GreaterThan, json!("2026-01-01")));
    }

    #[test]
    fn dates_are_ordered_against_a_date_or_now() {
        assert!(holds(json!("2026-01-01"), Operator::Before, json!("2026-01-01T00:00:01Z")));
        assert!(holds(json!(NOW - 1), Operator::Before, json!("now")));
        assert!(holds(json!(NOW + 1), Operator::After, json!("now")));
        assert!(!holds(json!(NOW), Operator::After, json!("now")));
        assert!(!holds(json!("never"), Operator::Before, json!("now")));
    }

    #[test]
    fn within_days_looks_back_and_with_a_negative_number_ahead() {
        assert!(holds(json!("2025-12-31"), Operator::WithinDays, json!(2)));
        assert!(!holds(json!("2025-12-30"), Operator::WithinDays, json!(2)));
        assert!(!holds(json!("2026-01-03"), Operator::WithinDays, json!(2)));
        assert!(holds(json!("2026-01-03"), Operator::WithinDays, json!(-2)));
        assert!(!holds(json!("2025-12-31"), Operator::WithinDays, json!(-2)));
    }

    #[test]
    fn unfit_values_are_named_when_saving() {
        assert_eq!(Operator::Exists.value_problem(None), None);
        assert_eq!(Operator::Before.value_problem(Some(&json!("now"))), None);
        assert_eq!(Operator::LessThan.value_problem(Some(&json!("x"))).as_deref(), Some("must be a number"));
        assert_eq!(Operator::Contains.value_problem(None).as_deref(), Some("is required"));
        assert!(Operator::WithinDays.value_problem(Some(&json!(0))).is_some());
        assert!(Operator::WithinDays.value_problem(Some(&json!(1e9))).is_some());
    }
}
