#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

#[doc(hidden)]
pub mod bindings;
pub mod branches;
mod config;
pub mod connections;
pub mod contacts;
mod context;
pub mod events;
mod export;
pub mod http;
pub mod keyvalue;
pub mod log;
#[cfg(any(test, all(target_arch = "wasm32", feature = "allocator")))]
mod memory;
pub mod outbox;
mod outcome;
pub mod runs;
mod step;
mod task;
#[cfg(feature = "template")]
pub mod template;
pub mod templates;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod time;

pub use context::Context;
pub use outcome::{Completion, EventWait, Failure, Outcome, ReceivedEvent, Wait, Wake};
pub use step::{Description, Problem, Retry, Step};
pub use task::TaskStatus;
pub use time::Timestamp;

#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics"), feature = "allocator"))]
#[global_allocator]
static MEMORY: memory::Memory = memory::Memory::new();

/// What [`export!`] expands to.
#[doc(hidden)]
pub mod __export {
    pub use crate::bindings::exports::stepwell::plugin::step::Guest;
    pub use crate::bindings::stepwell::plugin::types as wire;
    pub use crate::export::{describe, resume, run, unknown_type, unknown_type_problem, validate};
}
