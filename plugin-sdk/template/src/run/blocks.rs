//! Tags that choose, repeat or keep what is inside them.

use serde_json::Value;

use crate::limits::STEP;
use crate::problem::RenderError;
use crate::syntax::{Case, Chain, Condition, Expression, For, Node};

use super::names::Turn;
use super::renderer::{Flow, Renderer};
use super::values::{range_length, to_count, to_integer};

/// What a loop goes over.
enum Items {
    /// Numbers from the first up to the last, which are made one by one.
    Numbers(i64, i64),
    Values(Vec<Value>),
}

impl Items {
    fn length(&self) -> usize {
        match self {
            Self::Numbers(first, last) => range_length(*first, *last),
            Self::Values(values) => values.len(),
        }
    }

    fn take(&mut self, index: usize) -> Value {
        match self {
            Self::Numbers(first, _) => first.saturating_add(i64::try_from(index).unwrap_or(i64::MAX)).into(),
            Self::Values(values) => values.get_mut(index).map(Value::take).unwrap_or_default(),
        }
    }
}

impl Renderer<'_> {
    /// Renders the first branch that holds; `negated` is about the condition of the first one, which is an `unless`.
    pub(super) fn conditional(
        &mut self,
        negated: bool,
        branches: &[(Condition, Vec<Node<'_>>)],
        otherwise: &[Node<'_>],
    ) -> Result<Flow, RenderError> {
        for (index, (condition, body)) in branches.iter().enumerate() {
            if self.holds(condition)? != (negated && index == 0) {
                return self.nodes(body);
            }
        }
        self.nodes(otherwise)
    }

    pub(super) fn case(&mut self, case: &Case<'_>) -> Result<Flow, RenderError> {
        let value = self.value(&case.value)?.value;
        self.budget.charge_for([value.as_ref()])?;
        let value = value.into_owned();
        for (expected, body) in &case.branches {
            for expected in expected {
                if self.is(&value, expected)? {
                    return self.nodes(body);
                }
            }
        }
        self.nodes(&case.otherwise)
    }

    pub(super) fn repeat(&mut self, repeat: &For<'_>) -> Result<Flow, RenderError> {
        let (mut items, safe) = self.items(&repeat.items)?;
        let skipped = self.option(repeat.offset.as_ref())?.unwrap_or(0).min(items.length());
        let length = self.option(repeat.limit.as_ref())?.unwrap_or(usize::MAX).min(items.length() - skipped);
        if length == 0 {
            return self.nodes(&repeat.otherwise);
        }
        for index in 0..length {
            self.budget.charge(STEP + repeat.name.len())?;
            let at = skipped + if repeat.reversed { length - 1 - index } else { index };
            self.names.begin(Turn { name: repeat.name.clone(), item: items.take(at), safe, index, length });
            let flow = self.nodes(&repeat.body)?;
            self.names.end();
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    /// The items of a loop: of an array its own, of an object pairs of key and value, of a text the text.
    fn items(&self, expression: &Expression) -> Result<(Items, bool), RenderError> {
        if let Expression::Range(bounds) = expression {
            let (first, last) = self.bounds(bounds)?;
            return Ok((Items::Numbers(first, last), true));
        }
        let held = self.value(expression)?;
        self.budget.charge_for([held.value.as_ref()])?;
        let values = match held.value.into_owned() {
            Value::Array(values) => values,
            Value::Object(fields) => fields.into_iter().map(|(key, value)| vec![key.into(), value].into()).collect(),
            Value::String(text) if !text.is_empty() => vec![text.into()],
            _ => Vec::new(),
        };
        Ok((Items::Values(values), held.safe))
    }

    /// The value of `limit` or `offset`; negative ones are 0.
    fn option(&self, expression: Option<&Expression>) -> Result<Option<usize>, RenderError> {
        let Some(expression) = expression else { return Ok(None) };
        let number = to_integer(&self.value(expression)?.value);
        Ok(number.map(to_count))
    }

    pub(super) fn assign(&mut self, name: &str, chain: &Chain) -> Result<(), RenderError> {
        let held = self.chain(chain)?;
        self.budget.charge_for([held.value.as_ref()])?;
        let (value, safe) = (held.value.into_owned(), held.safe);
        self.keep(name, value, safe)
    }

    /// Keeps what the body gives; its values are escaped in it already.
    pub(super) fn capture(&mut self, name: &str, body: &[Node<'_>]) -> Result<Flow, RenderError> {
        let (caught, flow) = self.aside(body)?;
        self.keep(name, caught.into(), true)?;
        Ok(flow)
    }

    fn keep(&mut self, name: &str, value: Value, safe: bool) -> Result<(), RenderError> {
        self.budget.charge(name.len())?;
        self.names.assign(name, value, safe);
        Ok(())
    }

    pub(super) fn cycle(&mut self, group: &str, values: &[Expression]) -> Result<(), RenderError> {
        self.budget.charge(group.len())?;
        let turn = self.names.cycle(group, values.len());
        let Some(value) = values.get(turn) else { return Ok(()) };
        let shown = self.shown(&self.value(value)?)?;
        self.print(&shown)
    }
}
