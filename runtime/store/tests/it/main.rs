//! The store through its public face, each test on a database file of its own.

mod commit;
mod contact;
mod definition;
mod event;
mod execution;
mod isolation;
mod outbox;
mod plugin;
mod prune;
mod small;
mod support;
mod timing;
