//! The plugin host: loads, limits and runs step components. The only crate that knows wasmtime.
//!
//! The rest of the server sees it as [`stepwell_core::StepRunner`] and [`stepwell_core::PluginHost`]. It keeps no state but
//! compiled code: what a step changes is handed back as effects, stored with the step's outcome.
#![deny(missing_docs)]

mod admission;
mod bindings;
mod cache;
mod capability;
mod client;
mod compile;
mod convert;
mod effects;
mod egress;
mod engine;
mod entry;
mod error;
mod exchange;
mod grant;
mod host;
mod http;
mod install;
mod limits;
mod log;
mod meters;
mod options;
mod placeholder;
mod registry;
mod run;
mod state;
mod stdio;
#[cfg(test)]
mod testing;
mod trap;

pub use compile::{COMPILE_SUBCOMMAND, compile_child_main};
pub use egress::{Resolve, SystemResolver};
pub use error::HostError;
pub use host::Host;
pub use options::{Compiler, HostOptions, Limits};
