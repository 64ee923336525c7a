//! The operators of statements (spec epilot-flows, 12).

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::value::Known;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operator {
    Equals,
    NotEquals,
    AnyOf,
    NoneOf,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    GreaterThan,
    LessThan,
    GreaterThanOrEquals,
    LessThanOrEquals,
    IsEmpty,
    IsNotEmpty,
}

/// What an operator asks of one value; a negative one asks that it is not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Same,
    Part,
    Begins,
    Ends,
    Compared { with: Ordering, or_same: bool },
    Empty,
}

impl Operator {
    /// Whether it asks that something is not so.
    pub(crate) fn is_negative(self) -> bool {
        matches!(self, Self::NotEquals | Self::NoneOf | Self::NotContains | Self::IsNotEmpty)
    }

    /// What it asks.
    pub(crate) fn question(self) -> Question {
        let compared = |with, or_same| Question::Compared { with, or_same };
        match self {
            Self::Equals | Self::NotEquals | Self::AnyOf | Self::NoneOf => Question::Same,
            Self::Contains | Self::NotContains => Question::Part,
            Self::StartsWith => Question::Begins,
            Self::EndsWith => Question::Ends,
            Self::GreaterThan => compared(Ordering::Greater, false),
            Self::GreaterThanOrEquals => compared(Ordering::Greater, true),
            Self::LessThan => compared(Ordering::Less, false),
            Self::LessThanOrEquals => compared(Ordering::Less, true),
            Self::IsEmpty | Self::IsNotEmpty => Question::Empty,
        }
    }

    /// Whether each of several values is compared with; else only the first.
    pub(crate) fn takes_several(self) -> bool {
        matches!(self, Self::AnyOf | Self::NoneOf | Self::Contains | Self::NotContains)
    }
}

impl Question {
    /// Whether it is about texts, whatever the attribute's type: a part, a beginning, an end.
    pub(crate) fn is_of_text(self) -> bool {
        matches!(self, Self::Part | Self::Begins | Self::Ends)
    }

    /// The answer for one value; none where the two cannot be compared so.
    pub(crate) fn answer(self, value: &Known, operand: &Known) -> Option<bool> {
        match (self, value, operand) {
            (Self::Same, value, operand) => Some(value == operand),
            (Self::Part, Known::Text(value), Known::Text(part)) => Some(value.contains(part)),
            (Self::Begins, Known::Text(value), Known::Text(part)) => Some(value.starts_with(part)),
            (Self::Ends, Known::Text(value), Known::Text(part)) => Some(value.ends_with(part)),
            (Self::Compared { with, or_same }, value, operand) => {
                let found = value.compare(operand)?;
                Some(found == with || (or_same && found == Ordering::Equal))
            }
            (Self::Part | Self::Begins | Self::Ends | Self::Empty, ..) => None,
        }
    }
}
