//! The same tests on PostgreSQL, where the harness gives every server a schema of its own. Left out is what is about a file: the demo,
//! which brings a database of its own, and a full disk.

mod access;
mod bad_input;
mod compatibility;
mod conditions;
mod crash;
mod defects;
mod flow_inbox;
mod flow_races;
mod flow_restart;
mod flow_routes;
mod flows;
mod hostile;
mod killing;
mod killing_database;
mod killing_nodes;
mod live;
mod mail;
mod moving;
mod nodes;
mod operations;
mod plugins;
mod routes;
mod schemathesis;
mod waits;
mod webhooks;
