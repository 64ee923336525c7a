//! The engine through its public face, over a real database, with a scripted runner in place of WebAssembly and a clock that
//! the test moves.

mod bench;
mod chains;
mod control;
mod events;
mod recovery;
mod steps;
mod timers;
