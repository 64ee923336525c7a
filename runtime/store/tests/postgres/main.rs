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
#[path = "../it/flow.rs"]
mod flow;
#[path = "../it/inbox.rs"]
mod inbox;
#[path = "../it/isolation.rs"]
mod isolation;
#[path = "../it/large.rs"]
mod large;
mod nodes;
#[path = "../it/nudge.rs"]
mod nudge;
#[path = "../it/outbox.rs"]
mod outbox;
#[path = "../it/people.rs"]
mod people;
#[path = "../it/plugin.rs"]
mod plugin;
#[path = "../it/prune.rs"]
mod prune;
mod sharing;
#[path = "../it/small.rs"]
mod small;
#[path = "../it/support.rs"]
mod support;
#[path = "../it/task.rs"]
mod task;
#[path = "../it/template.rs"]
mod template;
#[path = "../it/timing.rs"]
mod timing;
#[path = "../it/transfer.rs"]
mod transfer;
