//! The idle server's memory, and requests that plugins make: how many a second to one host, and the sockets they leave behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use stepwell_core::{Outcome, StepRunner as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::process::{Process, time_wait};
use crate::quantiles::count;
use crate::report::{Figure, Report, number};
use crate::sandbox::{Sandbox, request};
use crate::server;
use crate::sink::Sink;

/// Steps that run at once.
const AT_ONCE: usize = 64;

/// When connections are counted for the first time.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long an idle server is left alone before it is looked at.
const IDLE: Duration = Duration::from_secs(3);

pub(crate) fn measure(quick: bool, report: &mut Report) -> Result<()> {
    crate::on_one_thread(idle(report))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(calls(Duration::from_secs(if quick { 3 } else { 10 }), report))
}

/// The second start: at the first, components are compiled, by a process of its own.
async fn idle(report: &mut Report) -> Result<()> {
    let (mut server, _) = server::start().await?;
    server.terminate().await;
    server.restart().await;
    sleep(IDLE).await;
    let memory = server::process(&server)?.memory()?;
    let note = format!("{:.1} MiB of it of no file", memory.anonymous);
    report.add(Figure::new('g', "idle, resident memory", memory.resident, "MiB").at_most(60.0).note(note));
    server.terminate().await;
    Ok(())
}

async fn calls(span: Duration, report: &mut Report) -> Result<()> {
    let sink = Sink::start().await?;
    let sandbox = Arc::new(Sandbox::with(&["webhook"]).await?);
    let done = Arc::new(AtomicU64::new(0));
    let used = cpu()?;
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..AT_ONCE {
        callers.spawn(call(sandbox.clone(), sink.url(), done.clone(), began + span));
    }
    // The first calls, all at once, may open more connections than are kept.
    sleep(WARM_UP).await;
    let before = time_wait(sink.port);
    while let Some(ended) = callers.join_next().await {
        ended.context("a caller")??;
    }
    let calls = count(done.load(Ordering::Relaxed));
    let (rate, used) = (calls / began.elapsed().as_secs_f64(), cpu()? - used);
    let after = time_wait(sink.port);
    let note = format!(
        "{AT_ONCE} at once, each a fresh sandbox; {} over {} connections; {:.0} µs of CPU a call, the sink's included",
        number(count(sink.received())),
        sink.connections(),
        used * 1e6 / calls
    );
    report.add(Figure::new('g', "plugin HTTP calls to one host", rate, "calls/s").at_least(5_000.0).note(note));
    let grown = count(after.saturating_sub(before) as u64);
    let note = format!("{before} before, {after} after");
    report.add(Figure::new('g', "sockets in TIME_WAIT, growth", grown, "").at_most(0.0).note(note));
    Ok(())
}

/// CPU seconds of this process so far.
fn cpu() -> Result<f64> {
    let (user, system) = Process(std::process::id()).cpu()?;
    Ok(user + system)
}

async fn call(sandbox: Arc<Sandbox>, url: String, done: Arc<AtomicU64>, until: Instant) -> Result<()> {
    let asked = request("webhook", json!({ "url": url, "method": "POST", "body": { "n": 1 } }));
    while Instant::now() < until {
        let report = sandbox.host.run(asked.clone()).await;
        let completed = matches!(&report.outcome, Outcome::Completed(done) if done.output["success"] == true);
        ensure!(completed, "a webhook was not sent: {:?}", report.outcome);
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
