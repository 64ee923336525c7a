//! The whole, from outside: the real binary over HTTP, real SMTP, a real HTTP server behind the webhooks.

mod access;
mod bad_input;
mod compatibility;
mod conditions;
mod crash;
mod defects;
mod demo;
mod disk_full;
mod flow_inbox;
mod flow_races;
mod flow_restart;
mod flow_routes;
mod flows;
mod hostile;
mod killing;
mod live;
mod mail;
mod moving;
mod operations;
mod plugins;
mod routes;
mod schemathesis;
mod waits;
mod webhooks;
