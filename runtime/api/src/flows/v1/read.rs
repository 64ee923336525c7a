//! What requests of the first version say, read and checked.

use serde_json::json;
use stepwell_core::flow::{Assignee, Context};

use crate::error::ApiError;
use crate::flows;
use crate::flows::error::invalid;
use crate::flows::wire::v1::WorkflowContext;

pub(super) use crate::flows::read::{due, person, time};

/// People by their ids.
pub(super) fn people(ids: Vec<String>, field: &str) -> Result<Vec<Assignee>, ApiError> {
    flows::read::people(ids.into_iter().map(Assignee::Person).collect(), field)
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
    fn an_index_is_a_whole_number() {
        assert_eq!(index(3.0, "index").expect("an index"), 3);
        for wrong in [-1.0, 1.5, f64::NAN, f64::INFINITY, 1e12] {
            assert!(index(wrong, "index").is_err(), "{wrong}");
        }
    }
}
