//! The host through its public face, with real components: those of the SDK (`cargo xtask plugins`) and a few written by hand.
#![allow(missing_docs, unreachable_pub, reason = "a test binary")]

mod code;
mod fixtures;
mod guest;
mod happy;
mod limits;
mod pool;
mod registry;
mod support;
mod webhook;
