//! Executions of every kind, by their id alone: the native routes.

pub(crate) mod events;
mod stream;
