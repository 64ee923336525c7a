//! What a filter is given.

use std::borrow::Cow;

use serde_json::Value;

use crate::limits::Budget;
use crate::problem::RenderError;
use crate::run::values::{text, to_integer};

/// The input and the arguments of a filter.
pub(crate) struct Call<'c> {
    pub(crate) input: &'c Value,
    pub(crate) arguments: &'c [Cow<'c, Value>],
    pub(crate) named: &'c [(&'c str, Cow<'c, Value>)],
    /// The input would be escaped if it were printed now.
    pub(crate) escapes: bool,
    /// The current time; null when the scope has none.
    pub(crate) now: &'c Value,
    pub(crate) budget: &'c Budget,
}

impl<'c> Call<'c> {
    /// The text of the input.
    pub(crate) fn text(&self) -> Cow<'c, str> {
        text(self.input)
    }

    /// The argument, if it is given and not null.
    pub(crate) fn argument(&self, index: usize) -> Option<&'c Value> {
        self.arguments.get(index).map(AsRef::as_ref).filter(|value| !value.is_null())
    }

    /// The text of the argument; empty when it is missing.
    pub(crate) fn argument_text(&self, index: usize) -> Cow<'c, str> {
        self.argument(index).map(text).unwrap_or_default()
    }

    /// The argument as a whole number.
    pub(crate) fn argument_integer(&self, index: usize) -> Option<i64> {
        self.argument(index).and_then(to_integer)
    }

    /// The argument of that name, if it is given and not null.
    pub(crate) fn named(&self, name: &str) -> Option<&'c Value> {
        self.named.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_ref())
    }

    /// The items of the input: of an array its own, of null none, and anything else is the only one.
    pub(crate) fn items(&self) -> &'c [Value] {
        match self.input {
            Value::Array(items) => items,
            Value::Null => &[],
            other => std::slice::from_ref(other),
        }
    }

    /// Pays for output that is larger than the input.
    pub(crate) fn charge(&self, units: usize) -> Result<(), RenderError> {
        self.budget.charge(units)
    }
}
