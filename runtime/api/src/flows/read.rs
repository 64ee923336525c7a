//! What requests say of people and times, read and checked.

use stepwell_core::Timestamp;
use stepwell_core::flow::{Assignee, Due};

use super::actor::MAX_USER;
use super::error::invalid;
use crate::error::ApiError;

/// The most people who are to do one thing.
const MAX_PEOPLE: usize = 100;

/// People, by their ids or by variables.
pub(crate) fn people(people: Vec<Assignee>, field: &str) -> Result<Vec<Assignee>, ApiError> {
    at_most(people.len(), field)?;
    for (place, one) in people.iter().enumerate() {
        match one {
            Assignee::Person(id) => person(id, &format!("{field}.{place}"))?,
            Assignee::Variable { variable, value } => {
                person(variable, &format!("{field}.{place}.variable"))?;
                at_most(value.as_ref().map_or(0, Vec::len), &format!("{field}.{place}.value"))?;
                for (at, id) in value.iter().flatten().enumerate() {
                    person(id, &format!("{field}.{place}.value.{at}"))?;
                }
            }
        }
    }
    Ok(people)
}

fn at_most(count: usize, field: &str) -> Result<(), ApiError> {
    if count > MAX_PEOPLE {
        return Err(ApiError::field(field, "too_big", format!("must have at most {MAX_PEOPLE} items")));
    }
    Ok(())
}

/// Refuses what is no id of a person.
pub(crate) fn person(id: &str, field: &str) -> Result<(), ApiError> {
    if id.trim().is_empty() || id.chars().count() > MAX_USER {
        return Err(ApiError::field(field, "invalid_string", format!("must have 1 to {MAX_USER} characters")));
    }
    Ok(())
}

/// A due date; an empty text is none.
pub(crate) fn due(text: &str, field: &str) -> Result<Option<Due>, ApiError> {
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
pub(crate) fn time(text: &str, field: &str) -> Result<Timestamp, ApiError> {
    let wrong = || invalid(field, "must be a time such as 2026-01-02T03:04:05.000Z");
    Timestamp::from_rfc3339(text).ok_or_else(wrong)
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
    fn people_are_named_by_ids_or_variables() {
        let variable = |text: &str, value| Assignee::Variable { variable: text.to_owned(), value: Some(vec![value]) };
        let fine = vec![Assignee::Person("u1".into()), variable("{{entity.owner}}", "u2".into())];
        assert_eq!(people(fine.clone(), "assigned_to").expect("people"), fine);
        let field = |wrong| people(vec![wrong], "assigned_to").expect_err("refused").errors()[0].field.clone();
        assert_eq!(field(Assignee::Person(" ".into())), "assigned_to.0");
        assert_eq!(field(variable("", "u".into())), "assigned_to.0.variable");
        assert_eq!(field(variable("{{a.b}}", "x".repeat(201))), "assigned_to.0.value.0");
        let many = vec![Assignee::Person("u".into()); 101];
        assert!(people(many, "assigned_to").is_err());
    }
}
