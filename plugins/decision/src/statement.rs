//! Statements about attributes (spec epilot-flows, 12). They are written as the flows surface writes them, further members allowed.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use stepwell_plugin::Problem;

use crate::date::{self, Offset};
use crate::facts::{Facts, Found};
use crate::operator::{Operator, Question};
use crate::value::{self, Kind, Known};

/// The most attributes of one statement.
const MAX_ATTRIBUTES: usize = 10;

/// One statement.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct Statement {
    /// What it is about.
    pub(crate) source: Source,
    /// How it is compared.
    pub(crate) operator: Operator,
    /// What it is compared with.
    #[serde(default)]
    pub(crate) values: Vec<String>,
    /// How the values are to be read; as they are written if not given.
    #[serde(default)]
    pub(crate) value_type: Option<ValueType>,
}

/// How values are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueType {
    /// As they are written.
    Static,
    /// As tokens: `today`, `yesterday`, `tomorrow`, `now`, `start_of_week`, `start_of_month`, `start_of_year`.
    RelativeDate,
}

/// Where a value comes from.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Source {
    /// Of the trigger, or of the task whose output is meant.
    pub(crate) id: Option<String>,
    /// `trigger` for what the flow is about, `action` for what came of a task.
    pub(crate) origin: Option<String>,
    /// `entity`, `workflow` or `journey_block`.
    pub(crate) origin_type: Option<String>,
    /// The schema of the entity.
    pub(crate) schema: Option<String>,
    /// The attribute.
    pub(crate) attribute: Option<String>,
    /// Its type.
    pub(crate) attribute_type: Option<String>,
    /// Several attributes: each is compared.
    #[schemars(length(max = 10))]
    pub(crate) attributes: Option<Vec<String>>,
    /// Whether the statement has to hold for all of several attributes; else for one of them.
    pub(crate) attributes_match: Option<Matching>,
    /// A part of a composed value.
    pub(crate) attribute_sub_field: Option<String>,
    /// Added to a date before it is compared.
    pub(crate) date_offset: Option<Offset>,
}

/// How the answers for several attributes are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Matching {
    Any,
    All,
}

impl Statement {
    /// Whether it holds. What has another type than it should does not.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        match self.source.several() {
            Some(names) => {
                let mut holding = names.iter().map(|name| self.holds_of(facts.find(&self.source, name), facts));
                match self.source.attributes_match {
                    Some(Matching::All) => holding.all(|holds| holds),
                    Some(Matching::Any) | None => holding.any(|holds| holds),
                }
            }
            None => self.holds_of(facts.find(&self.source, self.source.single()), facts),
        }
    }

    fn holds_of(&self, found: Found<'_>, facts: &Facts<'_>) -> bool {
        let Found::Value(value) = found else { return false };
        let value = self.source.picked(value);
        let (empty, negative) = (value::is_empty(&value), self.operator.is_negative());
        match self.operator.question() {
            Question::Empty => empty != negative,
            _ if empty => negative,
            question => self.answer(question, &value, facts.now).is_some_and(|fits| fits != negative),
        }
    }

    /// The answer for a value that is not empty: of a list, whether one element fits. None for what cannot be compared.
    fn answer(&self, question: Question, value: &Value, now: i64) -> Option<bool> {
        let Value::Array(items) = value else {
            let kind = if question.is_of_text() { Kind::Text } else { self.kind() };
            return self.fits(question, kind, value, &self.operands(kind, now)?);
        };
        // An element of a list is no part of a text: it is the same or it is not.
        let question = if question == Question::Part { Question::Same } else { question };
        let kind = if question.is_of_text() { Kind::Text } else { self.kind() };
        let operands = self.operands(kind, now)?;
        let mut fitting = false;
        for item in items.iter().filter(|item| !item.is_null()) {
            fitting |= self.fits(question, kind, item, &operands)?;
        }
        Some(fitting)
    }

    fn fits(&self, question: Question, kind: Kind, value: &Value, operands: &[Known]) -> Option<bool> {
        let value = kind.read(&value::plain(value, self.source.attribute_type.as_deref()))?;
        let value = self.source.moved(value)?;
        let mut fitting = false;
        for operand in operands {
            fitting |= question.answer(&value, operand)?;
        }
        Some(fitting)
    }

    /// The values to compare with, those left out that cannot be read; none if none is left.
    fn operands(&self, kind: Kind, now: i64) -> Option<Vec<Known>> {
        let most = if self.operator.takes_several() { usize::MAX } else { 1 };
        let read = |text: &String| match self.value_type {
            Some(ValueType::RelativeDate) => date::token(text, now).map(Known::Date),
            Some(ValueType::Static) | None => kind.read(&Value::String(text.clone())),
        };
        let operands: Vec<_> = self.values.iter().take(most).filter_map(read).collect();
        if operands.is_empty() { None } else { Some(operands) }
    }

    /// What the attribute is; one that is compared with a relative date is a date.
    fn kind(&self) -> Kind {
        match self.value_type {
            Some(ValueType::RelativeDate) => Kind::Date,
            Some(ValueType::Static) | None => Kind::of(self.source.attribute_type.as_deref()),
        }
    }

    /// What is wrong with it when it is saved.
    pub(crate) fn problems(&self, place: &str) -> Vec<Problem> {
        let count = self.source.attributes.as_ref().map_or(0, Vec::len);
        let mut found = Vec::new();
        if count > MAX_ATTRIBUTES {
            let most = format!("may have {MAX_ATTRIBUTES} attributes at most");
            found.push(Problem::new(format!("{place}/source/attributes"), most));
        }
        let alone = [
            ("attribute_sub_field", self.source.attribute_sub_field.is_some()),
            ("date_offset", self.source.date_offset.is_some()),
        ];
        for (name, _) in alone.into_iter().filter(|(_, given)| *given && count > 1) {
            found.push(Problem::new(format!("{place}/source/{name}"), "goes with a single attribute only"));
        }
        found
    }
}

impl Source {
    /// The attributes, if there are several.
    fn several(&self) -> Option<&[String]> {
        self.attributes.as_deref().filter(|names| names.len() > 1)
    }

    fn single(&self) -> &str {
        let first = || self.attributes.as_ref()?.first().map(String::as_str);
        self.attribute.as_deref().or_else(first).unwrap_or_default()
    }

    /// The part of the value that is meant. Of several attributes each is taken whole.
    fn picked<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        let value = value::unwrapped(value);
        match self.attribute_sub_field.as_deref() {
            Some(name) if !name.is_empty() && self.several().is_none() => Cow::Owned(value::part(value, name)),
            _ => Cow::Borrowed(value),
        }
    }

    /// The value with the offset added, if it is a date; none if that is out of reach.
    fn moved(&self, value: Known) -> Option<Known> {
        match (value, self.date_offset) {
            (Known::Date(millis), Some(offset)) if self.several().is_none() => offset.from(millis).map(Known::Date),
            (value, _) => Some(value),
        }
    }
}
