//! The standard filters of Liquid, by what they work on, and `raw`.
//!
//! A filter never fails: what makes no sense gives the input back, or nothing. It is only stopped when the budget is
//! used up, so a filter whose output can be much larger than its input charges for it before making it.

mod call;
mod date;
mod html;
mod list;
mod math;
mod text;

use serde_json::Value;

pub(crate) use call::Call;
pub(crate) use html::escape;

use crate::problem::RenderError;

/// What a filter answers with.
pub(crate) type Answer = Result<Value, RenderError>;

/// A filter.
#[derive(Debug)]
pub(crate) struct Filter {
    name: &'static str,
    /// What is known about the result's need of escaping.
    pub(crate) marking: Marking,
    pub(crate) apply: fn(&Call<'_>) -> Answer,
}

/// Whether the result of a filter has to be escaped in HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marking {
    /// Unless neither the input nor an argument has to.
    AsGiven,
    /// No: the filter has done it, or was asked to leave it.
    Safe,
    /// Yes: the filter decodes.
    Unsafe,
}

impl Filter {
    const fn new(name: &'static str, apply: fn(&Call<'_>) -> Answer) -> Self {
        Self { name, marking: Marking::AsGiven, apply }
    }

    const fn marking(mut self, marking: Marking) -> Self {
        self.marking = marking;
        self
    }
}

/// Finds a filter by its name.
pub(crate) fn find(name: &str) -> Option<&'static Filter> {
    let tables = [text::FILTERS, html::FILTERS, list::FILTERS, math::FILTERS, date::FILTERS];
    tables.into_iter().flatten().find(|filter| filter.name == name)
}

#[cfg(test)]
mod testing {
    use serde_json::Value;

    use super::{Call, find};
    use crate::limits::Budget;

    /// Applies a filter to an input.
    pub(crate) fn apply(name: &str, input: impl Into<Value>, arguments: &[Value]) -> Value {
        let (input, budget) = (input.into(), Budget::new());
        let arguments: Vec<_> = arguments.iter().map(std::borrow::Cow::Borrowed).collect();
        let filter = find(name).expect(name);
        let now = Value::from(1_767_312_000_000_i64);
        let call = Call { input: &input, arguments: &arguments, named: &[], escapes: true, now: &now, budget: &budget };
        (filter.apply)(&call).expect(name)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::apply;
    use super::*;
    use serde_json::json;

    #[test]
    fn no_filter_panics_on_odd_values() {
        let odd = [
            json!(null),
            json!(true),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(-1),
            json!(0),
            json!(1e308),
            json!(1e-320),
            json!(""),
            json!("é🦀 <b>&amp; x</b>"),
            json!("%zz%F0%9F"),
            json!([]),
            json!([null, 1, "b", {"a": 2}, [3]]),
            json!({}),
            json!({"a": {"b": [1]}}),
            json!("%Q %^B %"),
        ];
        let tables = [text::FILTERS, html::FILTERS, list::FILTERS, math::FILTERS, date::FILTERS];
        for filter in tables.into_iter().flatten() {
            for input in &odd {
                apply(filter.name, input.clone(), &[]);
                for first in &odd {
                    apply(filter.name, input.clone(), std::slice::from_ref(first));
                    odd.iter()
                        .for_each(|second| drop(apply(filter.name, input.clone(), &[first.clone(), second.clone()])));
                }
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let tables = [text::FILTERS, html::FILTERS, list::FILTERS, math::FILTERS, date::FILTERS];
        let mut names: Vec<_> = tables.into_iter().flatten().map(|filter| filter.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
