//! Conditions over JSON documents: field paths, operators, composites, event counts.
//!
//! Pure: the time is an argument and nothing is read or written, so the same code answers natively (the filter of an
//! event wait) and inside plugins (the condition step). Any JSON may come in; nothing here panics or fails half-way.
#![deny(missing_docs)]

mod count;
mod date;
mod documents;
mod number;
mod operator;
mod parse;
mod path;
mod problem;
mod rule;
mod text;

pub use count::{CountOperator, Counter, EventCount};
pub use date::to_millis;
pub use documents::Documents;
pub use number::to_number;
pub use operator::Operator;
pub use parse::problems;
pub use problem::Problem;
pub use rule::{MAX_DEPTH, MAX_LEAVES, Rule, Test};
pub use text::to_text;
