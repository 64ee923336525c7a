//! What `key` and `plugin` work on: a running server over its API, or the database itself.

use anyhow::{Result, bail};
use stepwell_core::WorkspaceId;
use stepwell_store::Store;

use crate::assemble::open_store;
use crate::bootstrap;
use crate::client::Client;
use crate::config::Config;

/// Which server to ask.
#[derive(clap::Args)]
pub(crate) struct ServerArguments {
    /// The running server to ask, such as http://127.0.0.1:8787. Without it the database of the settings is used directly
    #[arg(long, value_name = "URL", env = "STEPWELL_SERVER", global = true)]
    server: Option<String>,
    /// A secret API key for --server
    #[arg(long, value_name = "KEY", env = "STEPWELL_KEY", hide_env_values = true, global = true)]
    key: Option<String>,
}

/// What a command works on.
pub(crate) enum Target {
    Server(Client),
    Database(Store, WorkspaceId),
}

impl Target {
    /// The server that the arguments name, or else the database of the settings.
    pub(crate) async fn of(arguments: &ServerArguments, config: &Config) -> Result<Self> {
        match (given(&arguments.server), given(&arguments.key)) {
            (Some(server), Some(key)) => Ok(Self::Server(Client::new(server, key))),
            (Some(_), None) => bail!("--server needs a secret API key: give it with --key or STEPWELL_KEY"),
            (None, _) => {
                let store = open_store(config).await?;
                let home = bootstrap::workspace(&store).await?;
                Ok(Self::Database(store, home))
            }
        }
    }
}

fn given(argument: &Option<String>) -> Option<&str> {
    argument.as_deref().map(str::trim).filter(|text| !text.is_empty())
}
