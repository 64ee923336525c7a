//! Conditions of `if`, `elsif` and `unless`.

use crate::problem::Mistake;

use super::cursor::Cursor;
use super::expression::{Expression, value};

/// Terms joined by `and` and `or`, which are evaluated from right to left, as Liquid has it.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) first: Term,
    pub(crate) rest: Vec<(Joiner, Term)>,
}

/// How a term is joined with what is on its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joiner {
    And,
    Or,
}

/// A value that is true, or a comparison of two.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub(crate) negated: bool,
    pub(crate) left: Expression,
    pub(crate) compared: Option<(Comparison, Expression)>,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

/// The words that end a name with spaces inside a condition.
const STOPS: [&str; 3] = ["and", "or", "contains"];

/// The signs, those that begin with another one first.
const SIGNS: [(&str, Comparison); 8] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<>", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("contains", Comparison::Contains),
];

/// Reads a condition to its end.
pub(crate) fn condition(cursor: &mut Cursor<'_>) -> Result<Condition, Mistake> {
    let first = term(cursor)?;
    let mut rest = Vec::new();
    loop {
        if cursor.eat_word("and") {
            rest.push((Joiner::And, term(cursor)?));
        } else if cursor.eat_word("or") {
            rest.push((Joiner::Or, term(cursor)?));
        } else {
            cursor.finish()?;
            return Ok(Condition { first, rest });
        }
    }
}

fn term(cursor: &mut Cursor<'_>) -> Result<Term, Mistake> {
    let mut negated = false;
    while cursor.eat_word("not") {
        negated = !negated;
    }
    let left = value(cursor, &STOPS)?;
    let sign = SIGNS.iter().find(|(sign, _)| cursor.eat(sign));
    let compared = match sign {
        Some((_, comparison)) => Some((*comparison, value(cursor, &STOPS)?)),
        None => None,
    };
    Ok(Term { negated, left, compared })
}
