//! What a commit left in memory of the visits that it made due. Where this node alone writes, the dispatcher need not read it again:
//! it asks whether the rows were written since.
//!
//! Bounded in number and in the size of each; what finds no place is read from the database, as everything is after a start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use stepwell_core::{Contact, Execution, StepExecution, StepExecutionId, StepId};
use stepwell_store::{Seen, Store};

/// Visits that are known at once.
const MOST: usize = 2_048;

/// The most parts (members, elements, each 64 bytes of text) that one may have.
const PARTS: usize = 256;

/// When what was never asked for makes room for others.
const OLD: Duration = Duration::from_secs(30);

/// An execution as a commit left it, on its way to a visit that is due.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) visit: StepExecutionId,
    pub(crate) execution: Arc<Execution>,
    /// The step executions that are not done.
    pub(crate) visits: Vec<StepExecution>,
    pub(crate) outputs: Vec<(StepId, Value)>,
    pub(crate) seen: Seen,
    /// Its contact, if that is known as well.
    pub(crate) contact: Option<(Contact, Seen)>,
}

impl Known {
    /// Whether the execution is still as it was.
    pub(crate) fn is_fresh(&self, store: &Store) -> bool {
        store.is_fresh(self.execution.id.0, self.seen)
    }

    /// Its contact, if it is known and still as it was.
    pub(crate) fn take_contact(&mut self, store: &Store) -> Option<(Contact, Seen)> {
        self.contact.take().filter(|(contact, seen)| store.is_fresh(contact.id.0, *seen))
    }

    /// Whether it is small enough to be kept.
    fn is_small(&self) -> bool {
        let mut left = PARTS;
        let states = self.visits.iter().filter_map(|visit| visit.state.as_ref());
        let outputs = self.outputs.iter().map(|(_, output)| output);
        let mut values = std::iter::once(&self.execution.event).chain(states).chain(outputs);
        let members = self.execution.variables.values();
        let contact = self.contact.iter().flat_map(|(contact, _)| contact.data.values());
        values.all(|value| fits(value, &mut left)) && members.chain(contact).all(|value| fits(value, &mut left))
    }
}

/// Whether a value has at most so many parts.
fn fits(value: &Value, left: &mut usize) -> bool {
    let own = 1 + value.as_str().map_or(0, |text| text.len() / 64);
    let Some(rest) = left.checked_sub(own) else { return false };
    *left = rest;
    match value {
        Value::Array(elements) => elements.iter().all(|element| fits(element, left)),
        Value::Object(members) => members.values().all(|member| fits(member, left)),
        _ => true,
    }
}

/// What is known of visits that wait for their turn.
#[derive(Debug, Default)]
pub(crate) struct AllKnown(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    all: HashMap<StepExecutionId, (Known, Instant)>,
    swept: Option<Instant>,
}

impl Kept {
    /// Whether there is room for another, if need be after what is old was thrown away; that is looked for once in a while.
    fn has_room(&mut self, now: Instant) -> bool {
        if self.all.len() >= MOST && self.swept.is_none_or(|swept| now.duration_since(swept) > OLD) {
            self.all.retain(|_, (_, since)| now.duration_since(*since) < OLD);
            self.swept = Some(now);
        }
        self.all.len() < MOST
    }
}

impl AllKnown {
    /// Keeps it if there is room.
    pub(crate) fn keep(&self, known: Known) {
        if !known.is_small() {
            return;
        }
        let (mut kept, now) = (self.kept(), Instant::now());
        if kept.has_room(now) {
            kept.all.insert(known.visit, (known, now));
        }
    }

    /// What is known of a visit, once.
    pub(crate) fn take(&self, visit: StepExecutionId) -> Option<Known> {
        self.kept().all.remove(&visit).map(|(known, _)| known)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parts(value: &Value) -> usize {
        let mut left = usize::MAX;
        assert!(fits(value, &mut left));
        usize::MAX - left
    }

    #[test]
    fn a_value_counts_by_its_parts_and_its_text() {
        assert_eq!(parts(&json!({ "a": [1, 2], "b": { "c": null } })), 6);
        assert_eq!(parts(&json!("x".repeat(640))), 11);
    }

    #[test]
    fn a_value_that_is_too_large_is_seen_before_all_of_it_is_looked_at() {
        let mut left = 3;
        assert!(!fits(&json!([1, 2, 3, 4]), &mut left));
        assert_eq!(left, 0);
    }
}
