//! The syntax tree of a template.

use super::condition::Condition;
use super::expression::{Chain, Expression};

/// A part of a template. Text is borrowed from the source.
#[derive(Clone, Debug)]
pub(crate) enum Node<'s> {
    Text(&'s str),
    Output(Chain),
    /// The first branch whose condition holds, or else the last part. `unless` is an `if` that is `negated`.
    If {
        negated: bool,
        branches: Vec<(Condition, Vec<Node<'s>>)>,
        otherwise: Vec<Node<'s>>,
    },
    Case(Box<Case<'s>>),
    For(Box<For<'s>>),
    Assign {
        name: String,
        chain: Chain,
    },
    Capture {
        name: String,
        body: Vec<Node<'s>>,
    },
    /// Prints the values in turn; cycles of one `group` share their turn.
    Cycle {
        group: String,
        values: Vec<Expression>,
    },
    /// `increment` prints and then adds, `decrement` subtracts and then prints.
    Count {
        name: String,
        down: bool,
    },
    Break,
    Continue,
}

/// A `case` with its `when`s.
#[derive(Clone, Debug)]
pub(crate) struct Case<'s> {
    pub(crate) value: Expression,
    pub(crate) branches: Vec<(Vec<Expression>, Vec<Node<'s>>)>,
    pub(crate) otherwise: Vec<Node<'s>>,
}

/// A `for` loop.
#[derive(Clone, Debug)]
pub(crate) struct For<'s> {
    pub(crate) name: String,
    pub(crate) items: Expression,
    pub(crate) offset: Option<Expression>,
    pub(crate) limit: Option<Expression>,
    pub(crate) reversed: bool,
    pub(crate) body: Vec<Node<'s>>,
    /// What stands for a loop without turns.
    pub(crate) otherwise: Vec<Node<'s>>,
}
