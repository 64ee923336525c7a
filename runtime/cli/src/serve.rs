//! A whole server: from settings to a running process and down again. The one place where all crates meet.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use stepwell_api::{ApiOptions, ApiState, RateLimits};
use stepwell_engine::mail::{MailOptions, MailWorker, Mailer, Style};
use stepwell_store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use crate::allocator;
use crate::assemble::{Assembly, assemble, open_store};
use crate::bootstrap;
use crate::builtin::COMPONENTS;
use crate::config::{Config, SecretKey};
use crate::lock::DataLock;
use crate::predecessor;
use crate::print::say;
use crate::signal::Signals;

/// How often what was measured is put together.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// `stepwell serve`.
pub(crate) async fn run(config: &Config) -> Result<()> {
    let mut signals = Signals::listen()?;
    allocator::starts();
    let mut server = tokio::select! {
        started = Server::start(config) => started?,
        signal = signals.next() => {
            tracing::info!(signal, "stopped while starting");
            return Ok(());
        }
    };
    allocator::works();
    say!("listening on http://{}", server.address);
    let ended = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "stopping");
            Ok(())
        }
        ended = server.ended() => ended,
    };
    server.stop_unless(signals.next()).await?;
    ended
}

/// A running server.
pub(crate) struct Server {
    /// Where it really listens.
    pub(crate) address: SocketAddr,
    config: Config,
    assembly: Assembly,
    api: ApiState,
    http: JoinHandle<std::io::Result<()>>,
    stop_http: watch::Sender<bool>,
    loops: JoinSet<()>,
    mail: MailWorker,
    /// Given up last.
    _lock: DataLock,
}

impl Server {
    /// Starts everything. It is ready once this returns; `/health` answers before that.
    pub(crate) async fn start(config: &Config) -> Result<Self> {
        if COMPONENTS.is_empty() {
            bail!("this binary was built without components: run `cargo xtask plugins` first, then build it again");
        }
        let lock = DataLock::take(&config.data)?;
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("listening on {} (setting listen)", config.listen))?;
        let address = listener.local_addr().context("asking for the address that is listened on")?;
        let store = open_store(config).await?;
        predecessor::follow(&config.data, &store).await?;
        if let Some(key) = first_key(config, &store).await? {
            // At once: it is stored, and cannot be shown again if the start fails.
            say!("made the first API key, shown only this once: {}", key.0);
        }
        let assembly = assemble(config, store, &public_url(config, address)?).await?;
        let metrics = PrometheusBuilder::new().install_recorder().context("starting the metrics")?;
        let api = ApiState::new(assembly.engine.clone(), api_options(config, metrics.clone()));
        let (stop_http, stopped) = watch::channel(false);
        let http = tokio::spawn(stepwell_api::serve(listener, api.clone(), raised(stopped)));
        assembly.activate().await?;
        let mut loops = assembly.engine.start().await.context("taking up what was running")?;
        loops.spawn(tidy(metrics));
        let mail = assembly.engine.start_mail(mail_options(config, &assembly)?);
        api.set_ready(true);
        tracing::info!(%address, data = %config.data.display(), "ready");
        Ok(Self { address, config: config.clone(), assembly, api, http, stop_http, loops, mail, _lock: lock })
    }

    /// Returns when a part of it has ended that should not.
    async fn ended(&mut self) -> Result<()> {
        tokio::select! {
            http = &mut self.http => match http.context("the HTTP server panicked")? {
                Ok(()) => bail!("the HTTP server ended"),
                Err(error) => Err(error).context("the HTTP server ended"),
            },
            Some(ended) = self.loops.join_next() => match ended {
                Ok(()) => bail!("a part of the engine ended"),
                Err(error) => Err(error).context("a part of the engine panicked"),
            },
        }
    }

    /// Stops cleanly, or at once if `hurry` comes first.
    pub(crate) async fn stop_unless(self, hurry: impl Future<Output = &'static str>) -> Result<()> {
        tokio::select! {
            () = self.stop() => Ok(()),
            signal = hurry => bail!("stopped at once by a second {signal}; what was running is taken up at the next start"),
        }
    }

    /// Takes no more requests, lets running steps, requests and emails end up to the deadline, and closes the database.
    pub(crate) async fn stop(mut self) {
        let deadline = self.config.shutdown;
        self.api.set_ready(false);
        // Nobody listens any more if the HTTP server has ended by itself.
        let _ = self.stop_http.send(true);
        let http = async {
            if !self.http.is_finished() && tokio::time::timeout(deadline, &mut self.http).await.is_err() {
                tracing::warn!("some requests did not end in time");
            }
        };
        tokio::join!(http, self.assembly.engine.stop(deadline), self.mail.stop(deadline));
        self.http.abort();
        self.loops.shutdown().await;
        self.assembly.engine.store().close().await;
        tracing::info!("stopped");
    }
}

async fn first_key(config: &Config, store: &Store) -> Result<Option<SecretKey>> {
    let home = bootstrap::workspace(store).await?;
    bootstrap::first_key(store, home, config.bootstrap_key.as_ref()).await
}

/// Where people reach the server: as set, or where it listens.
fn public_url(config: &Config, address: SocketAddr) -> Result<Url> {
    if let Some(url) = &config.public_url {
        return Ok(url.clone());
    }
    let host = match address.ip() {
        ip if ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    Url::parse(&format!("http://{host}:{}", address.port())).context("making the public URL")
}

fn api_options(config: &Config, metrics: PrometheusHandle) -> ApiOptions {
    let defaults = ApiOptions::default();
    let body_limit = config.max_body;
    ApiOptions {
        body_limit,
        send_limit: defaults.send_limit.max(body_limit),
        body_budget: defaults.body_budget.max(body_limit),
        rate_limits: if config.rate_limits { RateLimits::usual() } else { RateLimits::default() },
        metrics: Some(metrics),
        ..defaults
    }
}

fn mail_options(config: &Config, assembly: &Assembly) -> Result<MailOptions> {
    let mailer = match &config.smtp_url {
        Some(url) => Mailer::new(url, assembly.engine.links().host(), config.smtp_connections)?,
        None => Mailer::none(),
    };
    let style = Style { default_from: config.smtp_from.clone(), tracking: config.tracking };
    let at_once = usize::try_from(config.smtp_connections).unwrap_or(1);
    Ok(MailOptions { mailer, style, at_once })
}

/// Keeps the memory that histograms take bounded.
async fn tidy(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(METRICS_UPKEEP).await;
        metrics.run_upkeep();
    }
}

/// Ends when the flag is raised.
async fn raised(mut flag: watch::Receiver<bool>) {
    // The other side is gone: that is a stop as well.
    let _ = flag.wait_for(|raised| *raised).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Given;

    fn url(given: Option<&str>, address: &str) -> String {
        let mut config = Config::read(&Given::default()).expect("defaults");
        config.public_url = given.map(|url| url.parse().expect("url"));
        public_url(&config, address.parse().expect("address")).expect("url").to_string()
    }

    #[test]
    fn links_lead_where_the_server_listens_unless_another_address_is_set() {
        assert_eq!(url(None, "127.0.0.1:8787"), "http://127.0.0.1:8787/");
        assert_eq!(url(None, "0.0.0.0:80"), "http://localhost/");
        assert_eq!(url(None, "[::1]:81"), "http://[::1]:81/");
        assert_eq!(url(Some("https://mail.example.org"), "127.0.0.1:1"), "https://mail.example.org/");
    }
}
