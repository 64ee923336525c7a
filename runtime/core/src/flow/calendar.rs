//! Lengths of time as people name them. Months and years are calendar units: the same day, or the last one of a shorter month.

use chrono::Months;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// 60 seconds.
    Minutes,
    /// 60 minutes.
    Hours,
    /// 24 hours.
    Days,
    /// 7 days.
    Weeks,
    /// Calendar months.
    Months,
    /// Twelve calendar months.
    Years,
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// How many; fractions count but for months and years.
    pub amount: f64,
    /// Of what.
    pub unit: Unit,
}

/// The longest span in milliseconds that is computed with: a thousand years.
const LONGEST_MS: f64 = 1_000.0 * 366.0 * 86_400_000.0;

impl Span {
    /// The time so long after `at`, or before it; none if it is out of reach.
    pub fn from(self, at: Timestamp, before: bool) -> Option<Timestamp> {
        if !self.amount.is_finite() {
            return None;
        }
        let amount = if before { -self.amount } else { self.amount };
        match self.unit {
            Unit::Minutes => plus(at, amount * 60_000.0),
            Unit::Hours => plus(at, amount * 3_600_000.0),
            Unit::Days => plus(at, amount * 86_400_000.0),
            Unit::Weeks => plus(at, amount * 7.0 * 86_400_000.0),
            Unit::Months => months(at, amount.trunc()),
            Unit::Years => months(at, amount.trunc() * 12.0),
        }
    }

    /// Whether a due date of this length has a time zone: days and longer units are wall time.
    pub fn is_instant(self) -> bool {
        match self.unit {
            Unit::Minutes | Unit::Hours => true,
            Unit::Days | Unit::Weeks | Unit::Months | Unit::Years => false,
        }
    }
}

fn plus(at: Timestamp, milliseconds: f64) -> Option<Timestamp> {
    // Within a thousand years the number fits.
    (milliseconds.abs() <= LONGEST_MS).then(|| at.plus_millis(milliseconds as i64))
}

fn months(at: Timestamp, count: f64) -> Option<Timestamp> {
    if count.abs() > 12_000.0 {
        return None;
    }
    let (time, by) = (at.to_utc(), Months::new(count.abs() as u32));
    let moved = if count < 0.0 { time.checked_sub_months(by) } else { time.checked_add_months(by) };
    moved.map(|time| Timestamp(time.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(at: &str, amount: f64, unit: Unit) -> Option<String> {
        let at = Timestamp::from_rfc3339(at).expect("a time");
        Span { amount, unit }.from(at, false).map(|time| time.to_rfc3339())
    }

    #[test]
    fn a_month_after_the_31st_is_the_last_of_the_next() {
        let next = after("2026-01-31T08:00:00Z", 1.0, Unit::Months);
        assert_eq!(next.as_deref(), Some("2026-02-28T08:00:00.000Z"));
    }

    #[test]
    fn a_year_after_a_leap_day_is_the_28th() {
        let next = after("2024-02-29T00:00:00Z", 1.0, Unit::Years);
        assert_eq!(next.as_deref(), Some("2025-02-28T00:00:00.000Z"));
    }

    #[test]
    fn fractions_of_short_units_count() {
        assert_eq!(after("2026-01-01T00:00:00Z", 1.5, Unit::Hours).as_deref(), Some("2026-01-01T01:30:00.000Z"));
    }

    #[test]
    fn what_is_out_of_reach_is_none() {
        assert_eq!(after("2026-01-01T00:00:00Z", f64::NAN, Unit::Days), None);
        assert_eq!(after("2026-01-01T00:00:00Z", 1e12, Unit::Days), None);
        assert_eq!(after("2026-01-01T00:00:00Z", 1e9, Unit::Years), None);
    }
}
