//! Stepwell's database: the only crate with SQL. Rows in, core types out.
//!
//! [`Store::reader`] gives a connection to read with; [`Store::write`] sends a job to the group committer. Every query is a
//! free function of a noun's module over `&mut Conn`, and names the workspace it is for.
#![deny(missing_docs)]

pub mod backlog;
pub mod claim;
pub mod closing_reason;
mod commit;
mod conn;
pub mod connection;
pub mod contact;
mod contact_page;
pub mod counter;
pub mod definition;
mod definition_page;
mod dialect;
mod direct;
mod direct_error;
pub mod entity;
mod error;
pub mod event;
pub mod execution;
pub mod flow;
mod freshness;
mod graphs;
pub mod idempotency;
pub mod journal;
pub mod key;
pub mod keyvalue;
pub mod management;
pub mod notify;
pub mod outbox;
mod page;
mod plan;
pub mod plugin;
mod postgres;
pub mod prune;
mod queue;
mod rest;
mod row;
pub mod schedule;
pub mod setting;
mod sql;
mod sqlite;
pub mod step_execution;
mod step_value;
mod store;
pub mod suppression;
pub mod task;
pub mod template;
pub mod transfer;
mod trouble;
pub mod wait;
mod watch;
pub mod workflow_admin;
pub mod workspace;

pub use conn::Conn;
pub use error::StoreError;
pub use freshness::Seen;
pub use futures_util::future::BoxFuture;
pub use page::{Direction, Page};
pub use store::{Store, StoreOptions};
pub use trouble::Trouble;
pub use watch::Watch;
