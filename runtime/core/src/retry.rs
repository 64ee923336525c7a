//! When a failed step is tried again: exponential backoff with jitter, bounded, honouring the other side's wish.

use serde::{Deserialize, Serialize};

use crate::outcome::Failure;
use crate::time::Timestamp;

/// The longest a `retry-after` is honoured: a day.
const MAX_RETRY_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// How a step's failures are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryPolicy {
    /// All tries together, the first included: 1 to 100.
    pub max_attempts: u32,
    /// The pause before the second try, in milliseconds: up to a day.
    #[serde(default = "RetryPolicy::initial_delay")]
    pub initial_delay_ms: i64,
    /// The longest pause, in milliseconds: up to a day.
    #[serde(default = "RetryPolicy::max_delay")]
    pub max_delay_ms: i64,
    /// What each pause is multiplied by: 1 to 10.
    #[serde(default = "RetryPolicy::multiplier")]
    pub multiplier: f64,
}

impl RetryPolicy {
    /// One try, no more.
    pub const NONE: Self = Self { max_attempts: 1, initial_delay_ms: 0, max_delay_ms: 0, multiplier: 1.0 };

    fn initial_delay() -> i64 {
        2_000
    }

    fn max_delay() -> i64 {
        300_000
    }

    fn multiplier() -> f64 {
        2.0
    }

    /// What is wrong with it, by field; empty when it is fine.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let day = MAX_RETRY_AFTER_MS;
        [
            ((1..=100).contains(&self.max_attempts), "maxAttempts", "must be from 1 to 100"),
            ((0..=day).contains(&self.initial_delay_ms), "initialDelayMs", "must be from 0 to 86400000"),
            ((0..=day).contains(&self.max_delay_ms), "maxDelayMs", "must be from 0 to 86400000"),
            ((1.0..=10.0).contains(&self.multiplier), "multiplier", "must be from 1 to 10"),
        ]
        .into_iter()
        .filter_map(|(fine, field, message)| (!fine).then_some((field, message)))
        .collect()
    }
}

/// When to try again after `attempt` failed; `None` when it stays failed. `spread`, from 0 to 1, is the jitter: the pause is
/// between half and the whole of what the policy says, and never shorter than what the other side asked for.
pub(crate) fn next(
    policy: &RetryPolicy,
    failure: &Failure,
    attempt: u32,
    now: Timestamp,
    spread: f64,
) -> Option<Timestamp> {
    if !failure.retryable || attempt >= policy.max_attempts {
        return None;
    }
    let asked = failure.retry_after_ms.unwrap_or(0).clamp(0, MAX_RETRY_AFTER_MS);
    Some(now.plus_millis(backoff(policy, attempt, spread).max(asked)))
}

fn backoff(policy: &RetryPolicy, attempt: u32, spread: f64) -> i64 {
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let full = policy.initial_delay_ms as f64 * policy.multiplier.powi(exponent);
    let bounded = full.min(policy.max_delay_ms as f64);
    (bounded * (0.5 + 0.5 * spread.clamp(0.0, 1.0))) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy =
        RetryPolicy { max_attempts: 4, initial_delay_ms: 1_000, max_delay_ms: 3_000, multiplier: 2.0 };
    const NOW: Timestamp = Timestamp(0);

    #[test]
    fn pauses_double_up_to_the_longest() {
        let failure = Failure::passing("x", "x");
        let pauses: Vec<_> = (1..=4).map(|n| next(&POLICY, &failure, n, NOW, 1.0).map(|t| t.0)).collect();
        assert_eq!(pauses, [Some(1_000), Some(2_000), Some(3_000), None]);
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        assert_eq!(next(&POLICY, &Failure::passing("x", "x"), 1, NOW, 0.0), Some(Timestamp(500)));
    }

    #[test]
    fn what_the_other_side_asks_for_is_honoured_up_to_a_day() {
        let mut failure = Failure::passing("x", "x");
        failure.retry_after_ms = Some(60_000);
        assert_eq!(next(&POLICY, &failure, 1, NOW, 1.0), Some(Timestamp(60_000)));
        failure.retry_after_ms = Some(i64::MAX);
        assert_eq!(next(&POLICY, &failure, 1, NOW, 1.0), Some(Timestamp(MAX_RETRY_AFTER_MS)));
    }

    #[test]
    fn a_fatal_failure_is_not_tried_again() {
        assert_eq!(next(&POLICY, &Failure::fatal("x", "x"), 1, NOW, 1.0), None);
    }

    #[test]
    fn a_policy_out_of_bounds_is_named_by_field() {
        let policy = RetryPolicy { max_attempts: 0, multiplier: 11.0, ..POLICY };
        let fields: Vec<_> = policy.problems().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["maxAttempts", "multiplier"]);
    }
}
