//! The same tests on PostgreSQL, where the harness gives every server a schema of its own. Left out is what knows no database:
//! what a hostile component can do, the demo, and what the documents of the API promise.

mod access;
mod bad_input;
mod conditions;
mod crash;
mod defects;
mod killing;
mod killing_database;
mod killing_nodes;
mod mail;
mod moving;
mod nodes;
mod operations;
mod plugins;
mod routes;
mod waits;
mod webhooks;
