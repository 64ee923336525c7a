//! The template language of emails and webhooks: Liquid with `??` fallbacks and JavaScript's idea of truth.
//!
//! A template comes from a tenant and its values come from strangers, so the language is an interpreter of our own
//! whose every loop, copy and recursion is bounded: no template can panic, overflow the stack or run for long. (The
//! `liquid` crate does all three: an integer of 20 digits panics, 20,000 nested tags overflow the stack, and the range
//! `(1..1000000000)` is laid out in memory before its first turn.)
//!
//! # Escaping
//!
//! Under [`Escape::Html`] whatever comes from the scope is escaped where it is printed. Text that the author wrote in
//! the template is not: literals, fallbacks, and what `capture` caught, whose values were escaped then. The filter
//! `raw` opts out (`{{ data.html | raw }}`), and `escape`, `newline_to_br` and `url_encode` give text that is not
//! escaped again.
//!
//! # Limits
//!
//! [`MAX_SOURCE`] characters of source, [`MAX_OUTPUT`] bytes of output, [`MAX_WORK`] units of work, [`MAX_DEPTH`]
//! blocks inside each other.
#![deny(missing_docs)]

mod filters;
mod limits;
mod problem;
mod render;
mod run;
mod scope;
mod syntax;

pub use limits::{MAX_DEPTH, MAX_OUTPUT, MAX_SOURCE, MAX_WORK};
pub use problem::{RenderError, TemplateProblem};
pub use render::{Escape, check, render, render_json};
pub use scope::{Urls, scope};
