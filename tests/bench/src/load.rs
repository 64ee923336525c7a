//! Load: connections that send one event after the other, held back so that the executions that have not ended stay few.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use http::StatusCode;
use stepwell_tests::{Server, Workflow};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use crate::http::Caller;
use crate::process::{self, Memory, Process};
use crate::server::{self, Counters, sign_up};
use crate::sink::Sink;

/// Connections that send.
const CONNECTIONS: usize = 64;

/// How often it is asked how many executions have ended.
const POLL: Duration = Duration::from_millis(25);

/// How long what was accepted may take to end after the last request.
const DRAIN: Duration = Duration::from_secs(90);

/// What the senders and the poller share.
#[derive(Default)]
struct Shared {
    event: String,
    next: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    ended: AtomicU64,
    /// The most executions on their way before senders wait.
    backlog: AtomicU64,
    stop: AtomicBool,
    room: Notify,
}

impl Shared {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn on_their_way(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed).saturating_sub(self.ended.load(Ordering::Relaxed))
    }

    async fn room(&self) {
        while self.on_their_way() >= self.backlog.load(Ordering::Relaxed) && !self.is_stopped() {
            // The poller may say so between the question and the wait; then the next poll does.
            drop(timeout(POLL, self.room.notified()).await);
        }
    }
}

/// Where a load stood at a time.
pub(crate) struct Sample {
    at: Instant,
    accepted: u64,
    ended: u64,
    cpu: (f64, f64),
    threads: BTreeMap<String, f64>,
}

/// What happened between two samples.
pub(crate) struct Span {
    pub(crate) seconds: f64,
    pub(crate) accepted: u64,
    pub(crate) ended: u64,
    /// CPU seconds of the servers, in user and in kernel mode.
    pub(crate) cpu: (f64, f64),
    /// CPU seconds of their threads, by name, the busiest first.
    pub(crate) threads: Vec<(String, f64)>,
}

impl Sample {
    pub(crate) fn until(&self, later: &Self) -> Span {
        let before = |name| self.threads.get(name).copied().unwrap_or_default();
        let mut threads: Vec<_> =
            later.threads.iter().map(|(name, seconds)| (name.clone(), seconds - before(name))).collect();
        threads.sort_by(|a, b| b.1.total_cmp(&a.1));
        Span {
            seconds: (later.at - self.at).as_secs_f64(),
            accepted: later.accepted - self.accepted,
            ended: later.ended - self.ended,
            cpu: (later.cpu.0 - self.cpu.0, later.cpu.1 - self.cpu.1),
            threads,
        }
    }
}

/// Senders at work on one workflow.
pub(crate) struct Load {
    shared: Arc<Shared>,
    processes: Vec<Process>,
    counters: Counters,
    senders: JoinSet<Result<()>>,
    poller: JoinHandle<Result<Memory>>,
}

impl Load {
    /// Begins to send `event`, which starts `workflow`, with at most `backlog` executions on their way. Several servers are sent to
    /// in turn.
    pub(crate) async fn start(servers: &[&Server], workflow: &Workflow, event: &str, backlog: u64) -> Result<Self> {
        let shared = Arc::new(Shared { event: event.to_owned(), backlog: backlog.into(), ..Shared::default() });
        let mut senders = JoinSet::new();
        for server in servers.iter().cycle().take(CONNECTIONS) {
            senders.spawn(send(Caller::connect(server.address(), server.key()).await?, shared.clone()));
        }
        let processes: Vec<_> = servers.iter().map(|server| server::process(server)).collect::<Result<_>>()?;
        let first = servers.first().context("no server")?;
        let poller = tokio::spawn(poll(Counters::of(first, workflow).await?, processes.clone(), shared.clone()));
        Ok(Self { shared, processes, counters: Counters::of(first, workflow).await?, senders, poller })
    }

    /// Lets it run for a while. A sender that fails ends it.
    pub(crate) async fn run(&mut self, span: Duration) -> Result<()> {
        tokio::select! {
            () = sleep(span) => Ok(()),
            Some(ended) = self.senders.join_next() => { ended.context("a sender")??; bail!("a sender ended") },
            ended = &mut self.poller => { ended.context("the poller")??; bail!("the poller ended") },
        }
    }

    pub(crate) async fn sample(&mut self) -> Result<Sample> {
        let ended = self.counters.ended().await?;
        Ok(Sample {
            at: Instant::now(),
            accepted: self.shared.accepted.load(Ordering::Relaxed),
            ended,
            cpu: process::cpu(&self.processes)?,
            threads: process::threads(&self.processes),
        })
    }

    /// Lets more executions be on their way from now on.
    pub(crate) fn allow(&self, backlog: u64) {
        self.shared.backlog.store(backlog, Ordering::Relaxed);
    }

    /// Sends no more, waits until all that was accepted has ended, and gives what was refused and the most memory seen.
    pub(crate) async fn finish(mut self) -> Result<(u64, Memory)> {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.senders.join_next().await {
            ended.context("a sender")??;
        }
        let accepted = self.shared.accepted.load(Ordering::Relaxed);
        let drained = async {
            while self.counters.ended().await? < accepted {
                sleep(POLL).await;
            }
            anyhow::Ok(())
        };
        timeout(DRAIN, drained).await.with_context(|| format!("of {accepted} executions not all ended"))??;
        let memory = self.poller.await.context("the poller")??;
        ensure!(self.counters.ended().await? == accepted, "more executions ended than were accepted");
        Ok((self.shared.refused.load(Ordering::Relaxed), memory))
    }
}

async fn send(mut caller: Caller, shared: Arc<Shared>) -> Result<()> {
    while !shared.is_stopped() {
        shared.room().await;
        let n = shared.next.fetch_add(1, Ordering::Relaxed);
        let (status, body) = caller.post("/v1/track", sign_up(&shared.event, n)).await?;
        match status {
            StatusCode::OK => _ = shared.accepted.fetch_add(1, Ordering::Relaxed),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                shared.refused.fetch_add(1, Ordering::Relaxed);
                sleep(POLL).await;
            }
            other => bail!("an event was answered with {other}: {}", String::from_utf8_lossy(&body)),
        }
    }
    Ok(())
}

/// Keeps the senders informed until they are stopped, and gives the most memory that was seen.
async fn poll(mut counters: Counters, processes: Vec<Process>, shared: Arc<Shared>) -> Result<Memory> {
    let mut most = Memory::default();
    while !shared.is_stopped() {
        shared.ended.store(counters.ended().await?, Ordering::Relaxed);
        shared.room.notify_waiters();
        let now = process::memory(&processes)?;
        if now.resident > most.resident {
            most = now;
        }
        sleep(POLL).await;
    }
    Ok(most)
}

/// Requests a second that the driver makes against its own sink, over as many connections: what it could drive at most.
pub(crate) async fn driver_alone(span: Duration) -> Result<f64> {
    let sink = Sink::start().await?;
    let shared = Arc::new(Shared { event: "signed_up".into(), backlog: u64::MAX.into(), ..Shared::default() });
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        senders.spawn(send(Caller::connect(&sink.url(), "none").await?, shared.clone()));
    }
    let began = Instant::now();
    sleep(span).await;
    shared.stop.store(true, Ordering::Relaxed);
    while let Some(ended) = senders.join_next().await {
        ended.context("a sender")??;
    }
    Ok(crate::quantiles::count(sink.received()) / began.elapsed().as_secs_f64())
}
