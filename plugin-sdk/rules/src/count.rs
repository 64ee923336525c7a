//! Tests of how often something happened: "ordered at least three times within 30 days".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::date::DAY;

/// Answers how often the contact had the named event, since the given time in UTC milliseconds or ever.
pub type Counter<'a> = dyn Fn(&str, Option<i64>) -> u64 + 'a;

/// A test of the number of stored events of the contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventCount {
    /// The exact name of the events that are counted.
    #[schemars(length(min = 1))]
    pub event: String,
    /// How the count is compared with `value`.
    pub operator: CountOperator,
    /// The number the count is compared with.
    pub value: u64,
    /// Counts only the events of the last so many days; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<f64>,
}

/// How a count is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CountOperator {
    /// Exactly `value` times.
    Equals,
    /// Any number of times but `value`.
    NotEquals,
    /// More often than `value` times.
    GreaterThan,
    /// Less often than `value` times.
    LessThan,
    /// At least `value` times.
    GreaterThanOrEqual,
    /// At most `value` times.
    LessThanOrEqual,
}

impl CountOperator {
    /// Compares a count with the expected number.
    pub fn compare(self, count: u64, expected: u64) -> bool {
        match self {
            Self::Equals => count == expected,
            Self::NotEquals => count != expected,
            Self::GreaterThan => count > expected,
            Self::LessThan => count < expected,
            Self::GreaterThanOrEqual => count >= expected,
            Self::LessThanOrEqual => count <= expected,
        }
    }
}

impl EventCount {
    /// The time from which events count, in UTC milliseconds; `None` when all do.
    pub fn since(&self, now_ms: i64) -> Option<i64> {
        let days = self.within_days?;
        // A cast from float saturates, and so a span of any size is fine.
        Some(now_ms.saturating_sub((days * DAY) as i64))
    }

    /// Asks the counter and compares its answer.
    pub fn holds(&self, now_ms: i64, counter: &Counter<'_>) -> bool {
        self.operator.compare(counter(&self.event, self.since(now_ms)), self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(operator: CountOperator, within_days: Option<f64>) -> EventCount {
        EventCount { event: "order".to_owned(), operator, value: 3, within_days }
    }

    #[test]
    fn counts_are_compared() {
        let at_least = count(CountOperator::GreaterThanOrEqual, None);
        assert!(at_least.holds(0, &|_, _| 3));
        assert!(!at_least.holds(0, &|_, _| 2));
        assert!(count(CountOperator::NotEquals, None).holds(0, &|_, _| 2));
    }

    #[test]
    fn the_counter_is_asked_for_the_span() {
        let recent = count(CountOperator::Equals, Some(1.5));
        assert!(recent.holds(200_000_000, &|name, since| {
            assert_eq!((name, since), ("order", Some(70_400_000)));
            3
        }));
        assert_eq!(count(CountOperator::Equals, None).since(5), None);
    }

    #[test]
    fn absurd_spans_saturate() {
        for days in [f64::MAX, f64::INFINITY, f64::NAN, -f64::MAX] {
            assert!(count(CountOperator::Equals, Some(days)).since(i64::MIN).is_some());
        }
    }
}
