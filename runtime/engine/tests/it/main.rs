//! The engine through its public face, over a real database, with a scripted runner in place of WebAssembly and a clock that
//! the test moves.

/// Where these tests keep their data.
const KIND: stepwell_test_database::Kind = stepwell_test_database::Kind::Sqlite;

mod acts;
mod bench;
mod bounds;
mod chains;
mod control;
mod entities;
mod events;
mod fairness;
mod forks;
mod inbox;
mod known;
mod live;
mod recovery;
mod retention;
mod steps;
mod timers;
