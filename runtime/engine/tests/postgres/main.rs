//! The tests of the engine on PostgreSQL, and what several engines do over one database.

/// Where these tests keep their data.
const KIND: stepwell_test_database::Kind = stepwell_test_database::Kind::Postgres;

#[path = "../it/acts.rs"]
mod acts;
#[path = "../it/bench.rs"]
mod bench;
#[path = "../it/chains.rs"]
mod chains;
#[path = "../it/control.rs"]
mod control;
#[path = "../it/entities.rs"]
mod entities;
#[path = "../it/events.rs"]
mod events;
#[path = "../it/fairness.rs"]
mod fairness;
#[path = "../it/forks.rs"]
mod forks;
#[path = "../it/inbox.rs"]
mod inbox;
#[path = "../it/known.rs"]
mod known;
#[path = "../it/live.rs"]
mod live;
mod nodes;
#[path = "../it/recovery.rs"]
mod recovery;
#[path = "../it/retention.rs"]
mod retention;
#[path = "../it/steps.rs"]
mod steps;
#[path = "../it/timers.rs"]
mod timers;
