//! The workflows surface over a real store and engine, with scripted step types.

mod conformance;
mod drafts;
mod executions;
mod heads;
mod insight;
mod live;
mod scripted;
mod server;
mod steps;
mod tasks;
mod transitions;

use server::{Made, OURS, Server, THEIRS, text};
