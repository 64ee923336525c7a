//! The host through its public face, with real components: those of the SDK (`cargo xtask plugins`) and a few written by hand.
#![allow(missing_docs)]

mod guest;
mod happy;
mod limits;
mod support;
