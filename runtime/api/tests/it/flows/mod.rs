//! The flows surface.

mod added;
mod executions;
mod tasks;
mod templates;
