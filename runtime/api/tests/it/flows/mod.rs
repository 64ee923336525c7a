//! The flows surface.

mod added;
mod executions;
mod loops;
mod tasks;
mod templates;
