//! What requests of the first version say, read and checked.

use serde_json::json;
use stepwell_core::Timestamp;
use stepwell_core::flow::{Assignee, Context, Due};

use crate::error::ApiError;
use crate::flows::actor::MAX_USER;
use crate::flows::error::invalid;
use crate::flows::wire::v1::WorkflowContext;

/// The most people who are to do one thing.
const MAX_PEOPLE: usize = 100;

/// People by their ids.
pub(super) fn people(ids: Vec<String>, field: &str) -> Result<Vec<Assignee>, ApiError> {
    if ids.len() > MAX_PEOPLE {
        return Err(ApiError::field(field, "too_big", format!("must have at most {MAX_PEOPLE} items")));
    }
    for (place, id) in ids.iter().enumerate() {
        person(id, &format!("{field}.{place}"))?;
    }
    Ok(ids.into_iter().map(Assignee::Person).collect())
}

/// Refuses what is no id of a person.
pub(super) fn person(id: &str, field: &str) -> Result<(), ApiError> {
    if id.trim().is_empty() || id.chars().count() > MAX_USER {
        return Err(ApiError::field(field, "invalid_string", format!("must have 1 to {MAX_USER} characters")));
    }
    Ok(())
}

/// A due date; an empty text is none.
pub(super) fn due(text: &str, field: &str) -> Result<Option<Due>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let due = Due::sent(text);
    if due.at.is_none() {
        return Err(invalid(field, "must be a time such as 2026-01-02T03:04:05.000Z, a day, or empty for none"));
    }
    Ok(Some(due))
}

/// An instant.
pub(super) fn time(text: &str, field: &str) -> Result<Timestamp, ApiError> {
    let wrong = || invalid(field, "must be a time such as 2026-01-02T03:04:05.000Z");
    Timestamp::from_rfc3339(text).ok_or_else(wrong)
}

/// A place in a list.
pub(super) fn index(number: f64, field: &str) -> Result<usize, ApiError> {
    whole(number, field, 1_000_000).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

/// A number without fraction, from 0 to `most`.
pub(super) fn whole(number: f64, field: &str, most: u32) -> Result<u32, ApiError> {
    if number.fract() != 0.0 || !(0.0..=f64::from(most)).contains(&number) {
        return Err(invalid(field, format!("must be a whole number from 0 to {most}")));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole and within bounds")]
    Ok(number as u32)
}

/// What an execution is about; conditions have nothing to read here, so the first is the primary one.
pub(super) fn contexts(sent: Vec<WorkflowContext>) -> Vec<Context> {
    let context = |(place, sent): (usize, WorkflowContext)| Context {
        entity_id: sent.id,
        schema: sent.schema,
        is_primary: place == 0,
        data: (!sent.title.is_empty()).then(|| json!({ "title": sent.title })),
    };
    sent.into_iter().enumerate().map(context).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_date_is_a_time_or_a_day_and_an_empty_one_is_none() {
        assert_eq!(due("", "dueDate").expect("none"), None);
        assert_eq!(due("2026-05-28", "dueDate").expect("a day").map(|due| due.text).as_deref(), Some("2026-05-28"));
        assert_eq!(due("soon", "dueDate").expect_err("refused").errors()[0].field, "dueDate");
    }

    #[test]
    fn an_index_is_a_whole_number() {
        assert_eq!(index(3.0, "index").expect("an index"), 3);
        for wrong in [-1.0, 1.5, f64::NAN, f64::INFINITY, 1e12] {
            assert!(index(wrong, "index").is_err(), "{wrong}");
        }
    }
}
