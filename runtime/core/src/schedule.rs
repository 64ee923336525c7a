//! When a cron expression fires next, in a time zone.

use std::str::FromStr;

use chrono::TimeZone;
use chrono_tz::Tz;
use cron::Schedule;

use crate::time::Timestamp;

/// A cron expression that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// Not a cron expression.
    #[error(
        "{0:?} is not a cron expression; five fields (minute hour day-of-month month day-of-week) or six with seconds first are expected"
    )]
    Expression(String),
    /// Not an IANA time zone.
    #[error("{0:?} is not an IANA time zone; an example is Europe/Berlin")]
    TimeZone(String),
}

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct CronSchedule {
    schedule: Schedule,
    zone: Tz,
}

impl CronSchedule {
    /// Reads an expression of five fields (as crontab has them) or six (seconds first), in an IANA time zone.
    pub fn parse(expression: &str, time_zone: &str) -> Result<Self, BadSchedule> {
        let zone = Tz::from_str(time_zone).map_err(|_| BadSchedule::TimeZone(time_zone.to_owned()))?;
        let bad = || BadSchedule::Expression(expression.to_owned());
        let full = with_seconds(expression).ok_or_else(bad)?;
        let schedule = Schedule::from_str(&full).map_err(|_| bad())?;
        Ok(Self { schedule, zone })
    }

    /// The first firing after a time; `None` if there is none any more.
    ///
    /// A local time that a change of the clocks skips does not fire that day; one that happens twice fires once.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let local = self.zone.from_utc_datetime(&after.to_utc().naive_utc());
        let next = self.schedule.after(&local).find(|time| time.timestamp_millis() > after.0)?;
        Some(Timestamp(next.timestamp_millis()))
    }
}

/// The six-field form. In crontab's five fields Sunday is 0 or 7; the `cron` crate counts from 1, so numbers there are moved
/// by one.
fn with_seconds(expression: &str) -> Option<String> {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    match fields.len() {
        5 => {
            Some(format!("0 {} {} {} {} {}", fields[0], fields[1], fields[2], fields[3], crontab_weekdays(fields[4])?))
        }
        6 => Some(fields.join(" ")),
        _ => None,
    }
}

/// Crontab's day-of-week field (0 or 7 for Sunday) with names in place of numbers.
fn crontab_weekdays(field: &str) -> Option<String> {
    const NAMES: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    let mut out = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let named: Option<Vec<String>> = range
            .split('-')
            .map(|day| match day.parse::<usize>() {
                Ok(number) => NAMES.get(number).map(|name| (*name).to_owned()),
                Err(_) => Some(day.to_owned()),
            })
            .collect();
        let days = named?.join("-");
        out.push(step.map_or_else(|| days.clone(), |step| format!("{days}/{step}")));
    }
    Some(out.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, zone: &str, after: &str) -> Option<String> {
        let schedule = CronSchedule::parse(expression, zone).expect("schedule");
        schedule.next_after(Timestamp::from_rfc3339(after).expect("time")).map(|time| time.to_rfc3339())
    }

    #[test]
    fn five_fields_fire_on_the_minute_in_the_time_zone() {
        let fires = next("30 9 * * *", "Europe/Berlin", "2026-01-05T00:00:00Z");
        assert_eq!(fires.as_deref(), Some("2026-01-05T08:30:00.000Z"));
    }

    #[test]
    fn crontab_counts_monday_as_one_and_sunday_as_zero_or_seven() {
        // 2026-01-05 is a Monday.
        assert_eq!(next("0 0 * * 1", "UTC", "2026-01-01T00:00:00Z").as_deref(), Some("2026-01-05T00:00:00.000Z"));
        assert_eq!(next("0 0 * * 0", "UTC", "2026-01-01T00:00:00Z").as_deref(), Some("2026-01-04T00:00:00.000Z"));
        assert_eq!(next("0 0 * * 7", "UTC", "2026-01-01T00:00:00Z").as_deref(), Some("2026-01-04T00:00:00.000Z"));
        assert_eq!(next("0 0 * * 1-5", "UTC", "2026-01-03T00:00:00Z").as_deref(), Some("2026-01-05T00:00:00.000Z"));
    }

    #[test]
    fn six_fields_start_with_seconds() {
        assert_eq!(next("*/10 * * * * *", "UTC", "2026-01-01T00:00:01Z").as_deref(), Some("2026-01-01T00:00:10.000Z"));
    }

    #[test]
    fn an_hour_that_the_clocks_skip_does_not_hold_up_the_schedule() {
        // 2026-03-29, 02:00 to 03:00 does not exist in Berlin.
        let fires = next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z");
        assert_eq!(fires.as_deref(), Some("2026-03-30T00:30:00.000Z"));
    }

    #[test]
    fn the_next_firing_is_always_later() {
        assert_eq!(next("0 0 1 1 *", "UTC", "2026-01-01T00:00:00Z").as_deref(), Some("2027-01-01T00:00:00.000Z"));
    }

    #[test]
    fn nonsense_is_named() {
        assert!(matches!(CronSchedule::parse("every day", "UTC"), Err(BadSchedule::Expression(_))));
        assert!(matches!(CronSchedule::parse("* * * * *", "Mars/Base"), Err(BadSchedule::TimeZone(_))));
    }
}
