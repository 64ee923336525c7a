//! Dates in documents, as milliseconds since 1970 in UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;

/// One day in milliseconds.
pub(crate) const DAY: f64 = 86_400_000.0;

/// The largest distance from 1970 that a JavaScript date can have.
const FURTHEST: f64 = 8.64e15;

/// Reads a date: RFC 3339, `YYYY-MM-DD` (midnight UTC), a date-time without zone (taken as UTC), or a number of
/// milliseconds since 1970. `None` for everything else.
pub fn to_millis(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => from_text(text.trim()),
        Value::Number(number) => number.as_f64().and_then(from_number),
        _ => None,
    }
}

fn from_text(text: &str) -> Option<i64> {
    let zoned = || DateTime::parse_from_rfc3339(text).ok().map(|date| date.timestamp_millis());
    zoned().or_else(|| from_local(text)).or_else(|| from_day(text))
}

fn from_local(text: &str) -> Option<i64> {
    let parse = |format| NaiveDateTime::parse_from_str(text, format).ok();
    let date = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    date.into_iter().find_map(parse).map(|date| date.and_utc().timestamp_millis())
}

fn from_day(text: &str) -> Option<i64> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    day.and_hms_opt(0, 0, 0).map(|date| date.and_utc().timestamp_millis())
}

fn from_number(number: f64) -> Option<i64> {
    // The cast cannot overflow: the number is within the bound.
    (number.abs() <= FURTHEST).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_accepted_form_gives_the_same_instant() {
        let forms = ["2026-01-02T00:00:00.000Z", "2026-01-02T02:00:00+02:00", "2026-01-02", "2026-01-02 00:00:00"];
        for form in forms {
            assert_eq!(to_millis(&json!(form)), Some(1_767_312_000_000), "{form}");
        }
        assert_eq!(to_millis(&json!(1_767_312_000_000_i64)), Some(1_767_312_000_000));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for value in [json!("soon"), json!("2026-02-30"), json!(""), json!(true), json!(1e300), json!(null), json!([])]
        {
            assert_eq!(to_millis(&value), None, "{value}");
        }
    }
}
