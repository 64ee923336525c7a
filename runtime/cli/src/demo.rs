//! `stepwell demo`: a real server in this process, a mail sink and a webhook sink beside it, and a sample workflow that runs before
//! one's eyes. Everything goes through the public HTTP API and real sockets.

mod mail_sink;
mod sample;
mod show;
mod timeline;
mod web_sink;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use stepwell_store::key::KeyKind;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::bootstrap;
use crate::client::Client;
use crate::config::Config;
use crate::serve::Server;
use crate::settings::Given;
use crate::signal::Signals;
use mail_sink::ReceivedMail;
use web_sink::ReceivedRequest;

/// How long the sample may take, from the event to the last delivery.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a sample workflow on a local server, with a mail sink and a webhook sink.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Ends after the timeline: with 0 if every step of the sample completed.
    #[arg(long)]
    once: bool,
}

/// What the sample delivers to.
struct Sinks {
    mail: UnboundedReceiver<ReceivedMail>,
    web: UnboundedReceiver<ReceivedRequest>,
    mail_address: SocketAddr,
    web_address: SocketAddr,
}

/// The settings of the demo's server: nothing leaves this machine, nothing is kept unless a data folder is named.
pub(crate) fn settle(given: &mut Given) {
    given.suggest("log", "warn");
}

pub(crate) async fn run(options: &Options, given: Given) -> Result<()> {
    let mut signals = Signals::listen()?;
    let folder = tempfile::tempdir().context("making a folder for the demo's data")?;
    let mut sinks = start_sinks().await?;
    let config = config(given, folder.path().join("data"), &sinks)?;
    show::heading("Starting a server (the first start compiles the built-in components)");
    let server = tokio::select! {
        started = start(&config) => started?,
        signal = signals.next() => bail!("stopped by {signal}"),
    };
    let key = config.bootstrap_key.as_ref().map(|key| key.0.clone()).unwrap_or_default();
    let base = format!("http://{}", server.address);
    let client = Client::new(&base, &key);
    let outcome = tokio::select! {
        outcome = story(&client, &mut sinks) => outcome,
        signal = signals.next() => Err(anyhow!("stopped by {signal}")),
    };
    if outcome.is_ok() && !options.once {
        show::invitation(&base, &key);
        keep_serving(&mut signals, &mut sinks).await;
    }
    server.stop_unless(signals.next()).await?;
    outcome
}

async fn start_sinks() -> Result<Sinks> {
    let (mail_address, mail) = mail_sink::start().await?;
    let (web_address, web) = web_sink::start().await?;
    Ok(Sinks { mail, web, mail_address, web_address })
}

fn config(mut given: Given, data: PathBuf, sinks: &Sinks) -> Result<Config> {
    let free_port_if_taken = given.get("listen").is_none();
    given.suggest("data", data.display().to_string());
    given.suggest("bootstrap_key", bootstrap::random_key(KeyKind::Secret).0);
    let mut config = Config::read(&given)?;
    // Whatever is set, a demo writes to nobody's mailbox.
    config.smtp_url = Some(format!("smtp://{}?tls=none", sinks.mail_address).parse()?);
    config.allow_network.push("127.0.0.0/8".parse()?);
    if free_port_if_taken && std::net::TcpListener::bind(config.listen).is_err() {
        config.listen.set_port(0);
    }
    Ok(config)
}

async fn start(config: &Config) -> Result<Server> {
    let began = std::time::Instant::now();
    let server = Server::start(config).await?;
    show::done(&format!("ready on http://{} in {:.1} s", server.address, began.elapsed().as_secs_f64()));
    Ok(server)
}

/// From the workflow's creation to its last delivery.
async fn story(client: &Client, sinks: &mut Sinks) -> Result<()> {
    show::heading("Creating the sample workflow through the API");
    let workflow = sample::create(client, sinks.web_address).await?;
    show::graph();
    show::heading("Tracking the event signed_up of ada@example.org, on the pro plan");
    let ran = timeline::run(client, &workflow);
    tokio::time::timeout(LIMIT, ran).await.map_err(|_| late("the execution did not end"))??;
    show::heading("What arrived");
    let arrivals = async { (sinks.web.recv().await, sinks.mail.recv().await) };
    let (request, mail) = tokio::time::timeout(LIMIT, arrivals).await.map_err(|_| late("not everything arrived"))?;
    let (Some(request), Some(mail)) = (request, mail) else { bail!("a sink has ended") };
    show::request(&request);
    show::mail(&mail);
    Ok(())
}

fn late(what: &str) -> anyhow::Error {
    anyhow!("{what} within {} seconds", LIMIT.as_secs())
}

/// Shows what arrives until a signal comes.
async fn keep_serving(signals: &mut Signals, sinks: &mut Sinks) {
    loop {
        tokio::select! {
            _ = signals.next() => return,
            Some(request) = sinks.web.recv() => show::request(&request),
            Some(mail) = sinks.mail.recv() => show::mail(&mail),
        }
    }
}
