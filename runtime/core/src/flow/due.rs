//! When tasks, phases and flows are due (spec epilot-flows, 11.6). Nothing happens when a due date passes.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use super::calendar::Span;
use crate::time::Timestamp;

/// A rule for a due date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DueRule {
    /// How long after.
    pub span: Span,
    /// After what.
    pub when: DueWhen,
}

/// What a due date counts from. Tasks and phases are named by the template's ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueWhen {
    /// The start of the flow.
    FlowStarted,
    /// A task is completed or skipped.
    TaskFinished(String),
    /// A phase is completed.
    PhaseFinished(String),
    /// The first of the direct predecessors is done.
    APreceding,
    /// The last of them is.
    AllPreceding,
}

/// A due date: the text that is shown, and the instant it is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// As shown.
    pub text: String,
    /// As an instant; none for a text that is none.
    pub at: Option<Timestamp>,
}

impl Due {
    /// The due date of a rule whose moment is `at`; none if it is out of reach.
    pub fn by(rule: &DueRule, at: Timestamp) -> Option<Self> {
        let due = rule.span.from(at, false)?;
        let text = due.to_rfc3339();
        let text = if rule.span.is_instant() { text } else { text.trim_end_matches('Z').to_owned() };
        Some(Self { text, at: Some(due) })
    }

    /// A due date as it was sent.
    pub fn sent(text: impl Into<String>) -> Self {
        let text = text.into();
        let at = reading(&text);
        Self { text, at }
    }
}

/// The instant that a due date means: an instant, a date-time without zone (in UTC), or a day (its beginning in UTC).
pub fn reading(text: &str) -> Option<Timestamp> {
    let local = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let short = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok();
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let in_utc = |time: NaiveDateTime| Timestamp(time.and_utc().timestamp_millis());
    Timestamp::from_rfc3339(text).or_else(|| local().or_else(short).or_else(day).map(in_utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::calendar::Unit;

    fn due(amount: f64, unit: Unit) -> Option<String> {
        let at = Timestamp::from_rfc3339("2026-05-27T13:45:10.250Z").expect("a time");
        Due::by(&DueRule { span: Span { amount, unit }, when: DueWhen::FlowStarted }, at).map(|due| due.text)
    }

    #[test]
    fn hours_are_instants_and_days_have_no_zone() {
        assert_eq!(due(2.0, Unit::Hours).as_deref(), Some("2026-05-27T15:45:10.250Z"));
        assert_eq!(due(1.0, Unit::Days).as_deref(), Some("2026-05-28T13:45:10.250"));
    }

    #[test]
    fn a_due_date_is_read_in_each_of_its_forms() {
        let midnight = Timestamp::from_rfc3339("2026-05-28T00:00:00Z");
        for text in ["2026-05-28", "2026-05-28T00:00", "2026-05-28T00:00:00.000", "2026-05-28T02:00:00+02:00"] {
            assert_eq!(reading(text), midnight, "{text}");
        }
        assert_eq!(reading("next week"), None);
    }
}
