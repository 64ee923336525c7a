//! From source to syntax tree: pieces of the source, expressions inside tags, blocks.

mod condition;
mod cursor;
mod entity;
mod expression;
mod parser;
mod pieces;
mod tags;
mod tree;

pub(crate) use condition::{Comparison, Condition, Joiner, Term};
pub(crate) use cursor::Cursor;
pub(crate) use entity::decode;
pub(crate) use expression::{Chain, Expression, Fallback, FilterCall, Link, Literal, Path, chain};
pub(crate) use parser::parse;
pub(crate) use pieces::{Kind, close, opener};
pub(crate) use tree::{Case, For, Node};
