//! The step's log, shown beside its run. The host keeps its first part and cuts the rest.

#[cfg(target_arch = "wasm32")]
use crate::bindings::wasi::logging::logging as host;
pub use crate::bindings::wasi::logging::logging::Level;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::log as host;

/// Writes a message of some level.
pub fn log(level: Level, message: &str) {
    host::log(level, "", message);
}

/// Writes what only the plugin's author wants to see.
pub fn debug(message: &str) {
    log(Level::Debug, message);
}

/// Writes what happened.
pub fn info(message: &str) {
    log(Level::Info, message);
}

/// Writes what is odd but does no harm.
pub fn warn(message: &str) {
    log(Level::Warn, message);
}

/// Writes what went wrong.
pub fn error(message: &str) {
    log(Level::Error, message);
}
