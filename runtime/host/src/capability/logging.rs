//! `wasi:logging/logging`: lines for the run's log.

use crate::bindings::wasi::logging::logging::{Host, Level};
use crate::state::Run;

impl Host for Run {
    async fn log(&mut self, level: Level, context: String, message: String) -> wasmtime::Result<()> {
        if context.is_empty() {
            self.log.write(name(level), &message);
        } else {
            self.log.write(name(level), &format!("[{context}] {message}"));
        }
        Ok(())
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
        Level::Critical => "critical",
    }
}
