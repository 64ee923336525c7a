//! Extractors that turn every malformed request into an [`ApiError`] naming the field, and what they check with.
//!
//! What the OpenAPI document says a route accepts is what it accepts: bodies and queries are validated against the very
//! schemas that are published.

mod check;
mod json;
mod path;
mod query;
mod text;

pub(crate) use check::describe;
pub(crate) use json::{Json, from_value, read};
pub(crate) use path::At;
pub(crate) use query::Query;
pub(crate) use text::fits;
