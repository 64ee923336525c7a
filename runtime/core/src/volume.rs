//! How much an execution may keep of what its steps answered, counted in bytes of JSON.
//!
//! The sum stands in the execution, so that no decision has to read what it does not need.

use std::io;

use serde::Serialize;
use serde_json::Value;

use crate::changes::Changes;
use crate::execution::{Execution, StepExecution};
use crate::outcome::{Completion, Failure, Outcome, WaitRequest};

/// The most that one output, state or task may have, and an execution's event with what steps merge into it.
pub const MAX_VALUE: usize = 1024 * 1024;

/// The most that the step executions of one execution may keep together.
pub const MAX_KEPT: usize = 32 * 1024 * 1024;

/// An output or a state beyond this is kept apart from the row of its step execution.
pub const LARGE_VALUE: usize = 32 * 1024;

/// How many bytes of JSON a step execution keeps: its output and its state.
pub fn kept_bytes(visit: &StepExecution) -> usize {
    [&visit.output, &visit.state].into_iter().flatten().map(size).sum()
}

/// Why an answer is more than may be kept; none if it may.
pub(crate) fn refusal(execution: &Execution, visit: &StepExecution, outcome: &Outcome) -> Option<Failure> {
    let (output, state, task) = match outcome {
        Outcome::Completed(done) => (Some(&done.output), None, None),
        Outcome::Waiting(WaitRequest { output, state, task, .. }) => (Some(output), Some(state), task.as_ref()),
        Outcome::Checkpoint { state } => (None, Some(state), None),
        Outcome::Exited { .. } | Outcome::Failed(_) => return None,
    };
    let sizes =
        [("output", output), ("state", state), ("task", task)].map(|(what, value)| (what, value.map_or(0, size)));
    let large = sizes.iter().find(|(_, size)| *size > MAX_VALUE).map(|(what, size)| too_large(what, *size));
    let kept =
        execution.output_bytes.saturating_sub(bytes(kept_bytes(visit))).saturating_add(bytes(sizes[0].1 + sizes[1].1));
    large.or_else(|| (kept > bytes(MAX_KEPT)).then(|| too_much(kept))).or_else(|| merged_too_large(execution, outcome))
}

fn too_large(what: &str, size: usize) -> Failure {
    let message = format!(
        "the {what} has {size} bytes as JSON, {MAX_VALUE} are allowed: return less, or keep it elsewhere and return where it is"
    );
    Failure::fatal("output-limit", message)
}

fn too_much(kept: i64) -> Failure {
    let message = format!(
        "with this answer the steps of this run would keep {kept} bytes as JSON, {MAX_KEPT} are allowed: let steps return less, \
         or let a loop go on in a run of its own, started by an event"
    );
    Failure::fatal("run-output-limit", message)
}

fn merged_too_large(execution: &Execution, outcome: &Outcome) -> Option<Failure> {
    let Outcome::Completed(Completion { merge_event: members @ Value::Object(_), .. }) = outcome else { return None };
    if size(&execution.event) + size(members) <= MAX_VALUE {
        return None;
    }
    let mut merged = execution.event.clone();
    crate::visit::merge_event(&mut merged, members);
    let size = size(&merged);
    let message = format!(
        "with what the step adds the event's data would have {size} bytes as JSON, {MAX_VALUE} are allowed: send smaller events"
    );
    (size > MAX_VALUE).then(|| Failure::fatal("event-limit", message))
}

/// Brings the sum of the execution up to date, and notes which stored values are large and over. `before` are the step executions
/// as they were.
pub(crate) fn accounted(mut changes: Changes, before: &[StepExecution]) -> Changes {
    let mut sum = changes.execution.output_bytes;
    for visit in &changes.visits {
        sum = sum.saturating_add(bytes(kept_bytes(visit)));
        if let Some(before) = before.iter().find(|known| known.id == visit.id) {
            let sizes = [&before.output, &before.state].map(|value| value.as_ref().map_or(0, size));
            sum = sum.saturating_sub(bytes(sizes[0] + sizes[1]));
            if sizes.iter().any(|size| *size > LARGE_VALUE) {
                changes.large_over.push(visit.id);
            }
        }
    }
    // What was stored before anything was counted has no part in the sum.
    changes.execution.output_bytes = sum.max(0);
    changes
}

fn bytes(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// How many bytes a value has as JSON. It is written to nowhere: a large one takes no memory.
fn size(value: &Value) -> usize {
    let mut counter = Counter(0);
    // Neither the counter nor a value fails; one that did would count as too large.
    match value.serialize(&mut serde_json::Serializer::new(&mut counter)) {
        Ok(()) => counter.0,
        Err(_) => usize::MAX,
    }
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "volume_tests.rs"]
mod tests;
