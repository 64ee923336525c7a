//! The flows surface.

mod executions;
mod templates;
