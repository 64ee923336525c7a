//! The signals that ask a server to stop, and the one that would end it for a full disk.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The number of SIGXFSZ on Linux and macOS.
const FILE_TOO_LARGE: i32 = 25;

/// A write beyond the limit on the size of files fails from now on, as one on a full disk does, in place of ending the process.
pub(crate) fn outlive_file_limit() -> Result<()> {
    // The handler stays when what would tell of the signal is dropped.
    signal(SignalKind::from_raw(FILE_TOO_LARGE)).context("listening for signals").map(drop)
}

/// SIGTERM and SIGINT.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on neither ends the process by itself.
    pub(crate) fn listen() -> Result<Self> {
        let to = |kind| signal(kind).context("listening for signals");
        Ok(Self { terminate: to(SignalKind::terminate())?, interrupt: to(SignalKind::interrupt())? })
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
