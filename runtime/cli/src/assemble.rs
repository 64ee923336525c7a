//! Puts the crates together over a data folder: database, plugin host, engine. Nothing runs by itself yet.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use stepwell_core::{Clock, IdSource};
use stepwell_engine::{Engine, EngineOptions, Links, RandomIds, StoreData, SystemClock};
use stepwell_host::{Compiler, Host, HostOptions, Limits};
use stepwell_store::{Store, StoreError, StoreOptions, setting};
use url::Url;

use crate::builtin::COMPONENTS;
use crate::config::Config;

/// The setting under which the server's secret is kept. Everything it signs is signed with a key made from it.
const SERVER_KEY: &str = "server-key";

/// Steps that wait in memory for each that may run at once.
const QUEUED_PER_SLOT: usize = 16;
/// The same where other servers may be idle: what one has no room for is theirs.
const QUEUED_PER_SLOT_SHARED: usize = 2;

/// The parts of a server.
pub(crate) struct Assembly {
    pub(crate) engine: Engine,
    pub(crate) host: Host,
}

/// Opens the database and builds the parts over it. `public_url` is where links in messages lead.
pub(crate) async fn assemble(config: &Config, store: Store, public_url: &Url) -> Result<Assembly> {
    let secret = server_key(&store).await?;
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) = (Arc::new(SystemClock), Arc::new(RandomIds::default()));
    let host = Host::new(HostOptions {
        cache_dir: config.data.join("components"),
        server_key: derived(&secret, "components")?,
        data: Arc::new(StoreData(store.clone())),
        allow_network: config.allow_network.clone(),
        limits: limits(config),
        slots: config.step_slots,
        compiler: Compiler::Child { program: std::env::current_exe().context("finding this program's own file")? },
        clock: clock.clone(),
        ids: ids.clone(),
    })
    .context("starting the plugin host")?;
    let queued = if store.is_shared() { QUEUED_PER_SLOT_SHARED } else { QUEUED_PER_SLOT };
    let engine = Engine::new(EngineOptions {
        store,
        runner: Arc::new(host.clone()),
        plugins: Arc::new(host.clone()),
        clock,
        ids,
        links: Links::new(public_url, derived(&secret, "links")?),
        concurrency: config.concurrency,
        queue_limit: config.concurrency.saturating_mul(queued),
        retention: config.retention,
    });
    if !config.database_notify {
        engine.only_look();
    }
    Ok(Assembly { engine, host })
}

/// The database of the settings, its folder made if it lies in the data folder.
pub(crate) async fn open_store(config: &Config) -> Result<Store> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("creating the data folder {}", config.data.display()))?;
    Ok(Store::open_with(&config.database_url, StoreOptions { lease: config.lease }).await?)
}

impl Assembly {
    /// Makes the built-in and the installed components usable; compiles those that are not compiled yet.
    pub(crate) async fn activate(&self) -> Result<()> {
        let began = Instant::now();
        let components: Vec<_> = COMPONENTS.iter().map(|component| component.bytes).collect();
        tracing::info!(components = components.len(), "preparing the built-in components");
        self.host.warm(&components).await.context("compiling the built-in components")?;
        for component in COMPONENTS {
            let activated = self.engine.activate_builtin(component.bytes).await;
            activated.with_context(|| format!("making the built-in component {} usable", component.name))?;
        }
        let installed = self.engine.activate_installed().await?;
        let milliseconds = began.elapsed().as_millis();
        tracing::info!(builtin = COMPONENTS.len(), installed, milliseconds, "components are usable");
        Ok(())
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        cpu_ms: config.step_cpu_ms,
        wall: config.step_wall,
        memory: config.step_memory,
        all_memory: config.steps_memory,
        ..Limits::default()
    }
}

async fn server_key(store: &Store) -> Result<Vec<u8>> {
    let make = || rand::random::<[u8; 32]>().to_vec();
    let key: Result<_, StoreError> =
        store.write(move |conn| Box::pin(async move { setting::get_or_create(conn, SERVER_KEY, make).await })).await;
    Ok(key?)
}

/// A key of its own for each use of the secret.
fn derived(secret: &[u8], label: &str) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).context("the server's key is not usable")?;
    mac.update(label.as_bytes());
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_of_the_secret_has_a_key_of_its_own() {
        let [links, components] = ["links", "components"].map(|label| derived(&[7; 32], label).expect("key"));
        assert_ne!(links, components);
        assert_eq!(links, derived(&[7; 32], "links").expect("key"));
        assert_ne!(links, derived(&[8; 32], "links").expect("key"));
    }
}
