//! What can go wrong in the host, beside a step: starting it, and taking a component in.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use stepwell_core::PluginError;

/// The cause of an error, whatever library it comes from.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why the host could not start, or could not take a component in.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The settings of the engine do not fit this machine.
    #[error("starting the WebAssembly engine")]
    Engine(#[source] Cause),
    /// No thread for the ticks that bound CPU time.
    #[error("starting the ticker thread")]
    Ticker(#[source] io::Error),
    /// The outgoing HTTP client could not be built.
    #[error("preparing the HTTP client")]
    HttpClient(#[source] Cause),
    /// The folder of compiled components cannot be used.
    #[error("preparing the folder of compiled components {}", path.display())]
    CacheFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A compiled component could not be stored or the compiler could not be started.
    #[error("compiling a component in {}", path.display())]
    Compiling {
        /// The file or program.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A task of the host's own ended early.
    #[error("waiting for work in the background")]
    Background(#[source] tokio::task::JoinError),
    /// The component is not acceptable.
    #[error("{message}")]
    Refused {
        /// A stable word.
        code: &'static str,
        /// Why, and what to do.
        message: String,
    },
}

impl HostError {
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    pub(crate) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine(error.into_boxed_dyn_error())
    }
}

impl From<HostError> for PluginError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Refused { code, message } => Self::Refused { code, message },
            HostError::Engine(_)
            | HostError::Ticker(_)
            | HostError::HttpClient(_)
            | HostError::CacheFolder { .. }
            | HostError::Compiling { .. }
            | HostError::Background(_) => Self::Host(Box::new(error)),
        }
    }
}
