//! The tests of the store on PostgreSQL, and what several nodes do to one database.

/// Where these tests keep their data.
const KIND: stepwell_test_database::Kind = stepwell_test_database::Kind::Postgres;

#[path = "../it/commit.rs"]
mod commit;
#[path = "../it/contact.rs"]
mod contact;
#[path = "../it/definition.rs"]
mod definition;
#[path = "../it/entity.rs"]
mod entity;
#[path = "../it/event.rs"]
mod event;
#[path = "../it/execution.rs"]
mod execution;
#[path = "../it/isolation.rs"]
mod isolation;
#[path = "../it/large.rs"]
mod large;
mod nodes;
#[path = "../it/outbox.rs"]
mod outbox;
#[path = "../it/plugin.rs"]
mod plugin;
#[path = "../it/prune.rs"]
mod prune;
mod sharing;
#[path = "../it/small.rs"]
mod small;
#[path = "../it/support.rs"]
mod support;
#[path = "../it/timing.rs"]
mod timing;
#[path = "../it/transfer.rs"]
mod transfer;
