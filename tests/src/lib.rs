//! What end-to-end tests stand on: the real binary as a process, and real peers that can be read back.

mod client;
mod database;
mod flow;
mod http_peer;
mod live;
mod node;
mod prepared;
mod python;
mod server;
mod smtp_peer;
mod wait;
mod workflow;

pub use client::{Client, Reply};
pub use database::on_postgres;
pub use flow::{Flow, SCHEMA};
pub use http_peer::{HttpPeer, Received, Script};
pub use live::{Live, LiveEvent};
pub use node::run_in_node;
pub use python::python;
pub use rustix::process::Signal;
pub use server::{Server, ServerOptions, binary, component, fixture};
pub use smtp_peer::{Mail, SmtpPeer};
pub use stepwell_test_database::{Database, Kind};
pub use wait::{eventually, eventually_within};
pub use workflow::Workflow;
