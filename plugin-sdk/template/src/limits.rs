//! How much a template may be, do and say.

use std::cell::Cell;

use serde_json::Value;

use crate::problem::RenderError;

/// The most characters a template may have.
pub const MAX_SOURCE: usize = 2_000_000;

/// The most bytes that one rendering may give.
pub const MAX_OUTPUT: usize = 5 * 1024 * 1024;

/// The most work one rendering may be. A unit is about a byte copied or compared; a tag or a turn of a loop is ten.
pub const MAX_WORK: usize = 10_000_000;

/// How many blocks may stand inside each other.
pub const MAX_DEPTH: usize = 64;

/// How many brackets and ranges may stand inside each other in one expression.
pub(crate) const MAX_NESTING: usize = 16;

/// The units a tag, an output or a turn of a loop costs.
pub(crate) const STEP: usize = 10;

/// What is left of the work and the output of one rendering.
pub(crate) struct Budget {
    work: Cell<usize>,
    output: Cell<usize>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { work: Cell::new(MAX_WORK), output: Cell::new(MAX_OUTPUT) }
    }

    /// Takes units of work.
    pub(crate) fn charge(&self, units: usize) -> Result<(), RenderError> {
        take(&self.work, units).ok_or(RenderError::TooMuchWork)
    }

    /// Takes the work of copying or comparing the values.
    pub(crate) fn charge_for<'v>(&self, values: impl IntoIterator<Item = &'v Value>) -> Result<(), RenderError> {
        values.into_iter().try_for_each(|value| self.charge(weight(value)))
    }

    /// Takes bytes of output.
    pub(crate) fn print(&self, bytes: usize) -> Result<(), RenderError> {
        take(&self.output, bytes).ok_or(RenderError::TooMuchOutput)
    }
}

fn take(left: &Cell<usize>, units: usize) -> Option<()> {
    left.set(left.get().checked_sub(units)?);
    Some(())
}

/// The units it costs to copy or compare a value.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 16,
        Value::String(text) => 16 + text.len(),
        Value::Array(items) => 16 + items.iter().map(weight).sum::<usize>(),
        Value::Object(fields) => 16 + fields.iter().map(|(key, value)| 32 + key.len() + weight(value)).sum::<usize>(),
    }
}
