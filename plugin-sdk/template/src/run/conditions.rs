//! Whether conditions hold.

use std::cmp::Ordering;

use serde_json::Value;

use crate::problem::RenderError;
use crate::syntax::{Comparison, Condition, Expression, Joiner, Literal, Term};

use super::renderer::Renderer;
use super::values::{contains, equal, is_blank, is_empty, is_true, order};

impl Renderer<'_> {
    /// Whether the condition holds: `a and b or c` is `a and (b or c)`.
    pub(super) fn holds(&self, condition: &Condition) -> Result<bool, RenderError> {
        let terms = std::iter::once(&condition.first).chain(condition.rest.iter().map(|(_, term)| term));
        let terms = terms.map(|term| self.term(term)).collect::<Result<Vec<_>, _>>()?;
        let joiners = condition.rest.iter().map(|(joiner, _)| *joiner).rev();
        let mut from_right = terms.into_iter().rev();
        let last = from_right.next().unwrap_or(false);
        Ok(joiners.zip(from_right).fold(last, |right, (joiner, left)| match joiner {
            Joiner::And => left && right,
            Joiner::Or => left || right,
        }))
    }

    fn term(&self, term: &Term) -> Result<bool, RenderError> {
        let holds = match &term.compared {
            None => is_true(&self.value(&term.left)?.value),
            Some((comparison, right)) => self.compare(&term.left, *comparison, right)?,
        };
        Ok(holds != term.negated)
    }

    fn compare(&self, left: &Expression, comparison: Comparison, right: &Expression) -> Result<bool, RenderError> {
        let (left_value, right_value) = (self.value(left)?.value, self.value(right)?.value);
        self.budget.charge_for([left_value.as_ref(), right_value.as_ref()])?;
        let (a, b) = (left_value.as_ref(), right_value.as_ref());
        Ok(match comparison {
            Comparison::Equal => same((left, a), (right, b)),
            Comparison::NotEqual => !same((left, a), (right, b)),
            Comparison::Contains => contains(a, b),
            Comparison::Less => order(a, b) == Some(Ordering::Less),
            Comparison::Greater => order(a, b) == Some(Ordering::Greater),
            Comparison::LessOrEqual => order(a, b).is_some_and(Ordering::is_le),
            Comparison::GreaterOrEqual => order(a, b).is_some_and(Ordering::is_ge),
        })
    }

    /// Whether a value equals one that is written down or looked up.
    pub(super) fn is(&self, value: &Value, expected: &Expression) -> Result<bool, RenderError> {
        let expected_value = self.value(expected)?.value;
        self.budget.charge_for([value, expected_value.as_ref()])?;
        Ok(class(expected, value).unwrap_or_else(|| equal(value, &expected_value)))
    }
}

/// Equality, in which `empty` and `blank` stand for many values.
fn same((left, a): (&Expression, &Value), (right, b): (&Expression, &Value)) -> bool {
    class(right, a).or_else(|| class(left, b)).unwrap_or_else(|| equal(a, b))
}

/// Whether the value is among those that the word stands for; `None` for what is no such word.
fn class(word: &Expression, value: &Value) -> Option<bool> {
    match word {
        Expression::Literal(Literal::Empty) => Some(is_empty(value)),
        Expression::Literal(Literal::Blank) => Some(is_blank(value)),
        _ => None,
    }
}
