//! Dates of statements: offsets and the tokens of relative dates, all in UTC.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

/// What is added to an entity's date before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) struct Offset {
    /// How many; less than none goes back.
    #[serde(default)]
    pub(crate) amount: Option<i64>,
    /// Of what; days if not given.
    #[serde(default)]
    pub(crate) unit: Option<Unit>,
}

/// A unit of an offset. Months and years keep the day, or take the last one of a shorter month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Days,
    Months,
    Years,
}

impl Offset {
    /// The instant (in milliseconds since 1970) moved by the offset; none if it is out of reach.
    pub(crate) fn from(self, millis: i64) -> Option<i64> {
        let (date, amount) = (DateTime::from_timestamp_millis(millis)?, self.amount.unwrap_or(0));
        let moved = match self.unit.unwrap_or(Unit::Days) {
            Unit::Days => days(date, amount),
            Unit::Months => months(date, amount),
            Unit::Years => months(date, amount.checked_mul(12)?),
        };
        moved.map(|date| date.timestamp_millis())
    }
}

fn days(date: DateTime<Utc>, amount: i64) -> Option<DateTime<Utc>> {
    let by = Days::new(amount.unsigned_abs());
    if amount < 0 { date.checked_sub_days(by) } else { date.checked_add_days(by) }
}

fn months(date: DateTime<Utc>, amount: i64) -> Option<DateTime<Utc>> {
    let by = Months::new(u32::try_from(amount.unsigned_abs()).ok()?);
    if amount < 0 { date.checked_sub_months(by) } else { date.checked_add_months(by) }
}

/// The instant that a token stands for at the time `now`: `now`, or the beginning of a day, the week's first being Monday. None for
/// an unknown token.
pub(crate) fn token(text: &str, now: i64) -> Option<i64> {
    let today = DateTime::from_timestamp_millis(now)?.date_naive();
    let day = match text {
        "now" => return Some(now),
        "today" => today,
        "yesterday" => today.pred_opt()?,
        "tomorrow" => today.succ_opt()?,
        "start_of_week" => today.checked_sub_days(Days::new(today.weekday().num_days_from_monday().into()))?,
        "start_of_month" => today.with_day(1)?,
        "start_of_year" => NaiveDate::from_ymd_opt(today.year(), 1, 1)?,
        _ => return None,
    };
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).expect(text).timestamp_millis()
    }

    fn moved(text: &str, amount: i64, unit: Unit) -> Option<i64> {
        Offset { amount: Some(amount), unit: Some(unit) }.from(millis(text))
    }

    #[test]
    fn an_offset_moves_a_date_either_way() {
        let at = "2026-03-31T08:00:00Z";
        assert_eq!(moved(at, 1, Unit::Days), Some(millis("2026-04-01T08:00:00Z")));
        assert_eq!(moved(at, -31, Unit::Days), Some(millis("2026-02-28T08:00:00Z")));
        assert_eq!(moved(at, -1, Unit::Months), Some(millis("2026-02-28T08:00:00Z")));
        assert_eq!(moved("2024-02-29T00:00:00Z", 1, Unit::Years), Some(millis("2025-02-28T00:00:00Z")));
        assert_eq!(Offset { amount: None, unit: None }.from(7), Some(7));
    }

    #[test]
    fn an_offset_out_of_reach_is_none() {
        for unit in [Unit::Days, Unit::Months, Unit::Years] {
            assert_eq!(moved("2026-01-01T00:00:00Z", i64::MAX, unit), None);
            assert_eq!(moved("2026-01-01T00:00:00Z", i64::MIN, unit), None);
        }
    }

    #[test]
    fn a_token_is_the_beginning_of_a_day_in_utc() {
        let now = millis("2026-01-02T03:04:05.678Z"); // a Friday
        for (text, expected) in [
            ("now", "2026-01-02T03:04:05.678Z"),
            ("today", "2026-01-02T00:00:00Z"),
            ("yesterday", "2026-01-01T00:00:00Z"),
            ("tomorrow", "2026-01-03T00:00:00Z"),
            ("start_of_week", "2025-12-29T00:00:00Z"),
            ("start_of_month", "2026-01-01T00:00:00Z"),
            ("start_of_year", "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(token(text, now), Some(millis(expected)), "{text}");
        }
        assert_eq!(token("someday", now), None);
    }
}
