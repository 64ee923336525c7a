//! The values of expressions, with their filters and fallbacks.

use std::borrow::Cow;

use serde_json::Value;

use crate::filters::{Call, Marking};
use crate::problem::RenderError;
use crate::render::Escape;
use crate::scope::NOW;
use crate::syntax::{Chain, Expression, Fallback, FilterCall, Link, Literal, Path};

use super::names::Held;
use super::renderer::Renderer;
use super::values::{is_vacant, property_of, range_length, text, to_integer, unwrapped};

impl Renderer<'_> {
    /// The value of an expression after all that is done to it.
    pub(super) fn chain<'n>(&'n self, chain: &'n Chain) -> Result<Held<'n>, RenderError> {
        let mut held = self.value(&chain.first)?;
        for link in &chain.links {
            held = match link {
                Link::Filter(call) => self.filtered(held, call)?,
                Link::Fallback(_) if !is_vacant(&held.value) => held,
                Link::Fallback(Fallback::Text(text)) => Held { value: Cow::Owned(text.as_str().into()), safe: true },
                Link::Fallback(Fallback::Value(value)) => self.value(value)?,
            };
        }
        Ok(held)
    }

    /// The value of an expression; null when a path leads nowhere.
    pub(super) fn value<'n>(&'n self, expression: &'n Expression) -> Result<Held<'n>, RenderError> {
        self.budget.charge(1)?;
        match expression {
            Expression::Literal(literal) => Ok(Held { value: literal_value(literal), safe: true }),
            Expression::Path(path) => self.path(path),
            Expression::Range(bounds) => self.range(bounds).map(|value| Held { value: Cow::Owned(value), safe: true }),
        }
    }

    fn path<'n>(&'n self, path: &'n Path) -> Result<Held<'n>, RenderError> {
        let keys = path.steps.iter().map(|step| self.key(step)).collect::<Result<Vec<_>, _>>()?;
        let Some((root, keys)) = keys.split_first() else { return Ok(Held::default()) };
        if root == "forloop" && self.names.in_loop() {
            return Ok(Held { value: Cow::Owned(self.names.forloop(keys)), safe: true });
        }
        let Held { value, safe } = self.names.get(root).unwrap_or_else(|| self.given(root));
        let value = unwrapped(keys.iter().fold(value, |value, key| property_of(value, key)));
        Ok(Held { value, safe })
    }

    fn given(&self, name: &str) -> Held<'_> {
        Held { value: self.scope.get(name).map(Cow::Borrowed).unwrap_or_default(), safe: false }
    }

    fn key<'n>(&'n self, step: &'n Expression) -> Result<Cow<'n, str>, RenderError> {
        let key = match self.value(step)?.value {
            Cow::Borrowed(value) => text(value),
            Cow::Owned(value) => Cow::Owned(text(&value).into_owned()),
        };
        self.budget.charge(key.len())?;
        Ok(key)
    }

    /// The numbers of a range as an array, which is paid for before it is made.
    fn range(&self, bounds: &(Expression, Expression)) -> Result<Value, RenderError> {
        let (first, last) = self.bounds(bounds)?;
        self.budget.charge(range_length(first, last).saturating_mul(16))?;
        Ok((first..=last).map(Value::from).collect())
    }

    /// The first and the last number of a range.
    pub(super) fn bounds(&self, (first, last): &(Expression, Expression)) -> Result<(i64, i64), RenderError> {
        let number = |bound| Ok(to_integer(&self.value(bound)?.value).unwrap_or(0));
        Ok((number(first)?, number(last)?))
    }

    fn filtered<'n>(&'n self, held: Held<'n>, call: &'n FilterCall) -> Result<Held<'n>, RenderError> {
        let Some(filter) = call.filter else { return Ok(held) };
        let arguments = call.arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
        let named = call.named.iter().map(|(name, value)| Ok((name.as_str(), self.value(value)?.value)));
        let named = named.collect::<Result<Vec<_>, RenderError>>()?;
        let safe = match filter.marking {
            Marking::Safe => true,
            Marking::Unsafe => false,
            Marking::AsGiven => held.adds_nothing_unsafe() && arguments.iter().all(Held::adds_nothing_unsafe),
        };
        let arguments: Vec<_> = arguments.into_iter().map(|argument| argument.value).collect();
        self.budget.charge_for(arguments.iter().map(AsRef::as_ref).chain([held.value.as_ref()]))?;
        let escapes = self.escape == Escape::Html && !held.safe;
        let now = self.scope.get(NOW).unwrap_or(&Value::Null);
        let input = held.value.as_ref();
        let call = Call { input, arguments: &arguments, named: &named, escapes, now, budget: self.budget };
        let value = (filter.apply)(&call)?;
        self.budget.charge_for([&value])?;
        Ok(Held { value: Cow::Owned(value), safe })
    }
}

/// `empty` and `blank` are words to compare with; on their own they are empty texts.
fn literal_value(literal: &Literal) -> Cow<'_, Value> {
    match literal {
        Literal::Value(value) => Cow::Borrowed(value),
        Literal::Empty | Literal::Blank => Cow::Owned("".into()),
    }
}
