//! The store through its public face, each test on a database file of its own.

/// Where these tests keep their data.
const KIND: stepwell_test_database::Kind = stepwell_test_database::Kind::Sqlite;

mod commit;
mod contact;
mod definition;
mod entity;
mod event;
mod execution;
mod file;
mod flow;
mod inbox;
mod isolation;
mod large;
mod nudge;
mod outbox;
mod people;
mod plugin;
mod prune;
mod small;
mod support;
mod task;
mod template;
mod timing;
mod transfer;
