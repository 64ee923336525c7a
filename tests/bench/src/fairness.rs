//! What one workspace's backlog costs another: how much later the first step of its execution begins beside a hundred thousand
//! queued executions of a busy one, which drain as fast as they can, each step with a commit of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use http::StatusCode;
use serde_json::{Value, json};
use stepwell_tests::{Client, Server, Workflow};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::http::Caller;
use crate::quantiles::{Times, ms};
use crate::report::{Figure, Report, number};
use crate::server::{self, Counters, END, sign_up};
use crate::sink::Sink;

/// Connections of the busy workspace.
const CONNECTIONS: u64 = 64;

/// Steps of its executions, so that they come in faster than they end.
const STEPS: u32 = 20;

/// How often the quiet workspace sends.
const EACH: Duration = Duration::from_millis(50);

/// How long the backlog may take to grow, and the last webhook to come.
const GROWS: Duration = Duration::from_secs(240);
const LATE: Duration = Duration::from_secs(30);

pub(crate) async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let (queued, span) = if quick { (10_000, Duration::from_secs(5)) } else { (100_000, Duration::from_secs(30)) };
    let sink = Sink::start().await?;
    sink.keep_arrivals();
    let (server, process) = server::start().await?;
    let busy = busy_workflow(&server.client()).await;
    let key = another_workspace(&server).await?;
    quiet_workflow(&server.client_with(Some(&key)), &sink.url()).await;
    let mut quiet = Quiet { caller: Caller::connect(server.address(), &key).await?, sink, sent: 0 };
    quiet.first_steps(Duration::from_secs(1)).await?;
    let alone = quiet.first_steps(span).await?;
    let mut backlog = Backlog::start(&server, &busy).await?;
    backlog.grow(queued).await?;
    let crowded = quiet.first_steps(span).await?;
    backlog.pause();
    let beside = quiet.first_steps(span).await?;
    let left = backlog.length().await?;
    ensure!(left > 0, "the backlog was gone before the measurement was over");
    let delay = |times: &Times| ms(times.quantile(0.99).saturating_sub(alone.median()));
    let name =
        format!("beside {} queued executions, the delay of another workspace's first step, p99", number(queued as f64));
    let note = format!(
        "{:.1} ms at the median; {:.1} ms alone; {} were queued at the end; {:.0} MiB resident",
        ms(beside.median()),
        ms(alone.median()),
        number(left as f64),
        process.memory()?.resident,
    );
    report.add(Figure::new('h', name, delay(&beside), "ms").at_most(50.0).note(note));
    let name = format!("the same while the busy workspace also sends over {CONNECTIONS} connections, p99");
    let note = format!("{:.1} ms at the median; the answer to the event is part of it", ms(crowded.median()));
    report.add(Figure::new('h', name, delay(&crowded), "ms").note(note));
    backlog.stop().await
}

/// A chain of conditions, each stored by itself.
async fn busy_workflow(client: &Client) -> Workflow {
    let workflow = Workflow::create(client, "busy", json!({ "allowReentry": true, "commitEveryStep": true })).await;
    let is_free = json!({ "field": "contact.data.plan", "operator": "equals", "value": "free" });
    let (mut last, mut condition) = (workflow.trigger.clone(), Value::Null);
    for number in 0..STEPS {
        let step = workflow.step("CONDITION", &format!("check {number}"), is_free.clone()).await;
        workflow.connect(&last, &step, condition).await;
        (last, condition) = (step, json!({ "branch": "yes" }));
    }
    let end = workflow.step("EXIT", END, json!({})).await;
    workflow.connect(&last, &end, condition).await;
    workflow
}

/// A webhook as the first step.
async fn quiet_workflow(client: &Client, url: &str) {
    let workflow = Workflow::create(client, "quiet", json!({ "allowReentry": true })).await;
    let tell = workflow.step("WEBHOOK", "tell", json!({ "url": url, "method": "POST" })).await;
    workflow.connect(&workflow.trigger, &tell, Value::Null).await;
}

/// A key to a workspace of its own.
async fn another_workspace(server: &Server) -> Result<String> {
    for arguments in [&["workspace", "create", "quiet"][..], &["key", "create", "--workspace", "quiet"]] {
        let done = server.command(arguments).await;
        ensure!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        let printed = String::from_utf8(done.stdout)?;
        if let Some(key) = printed.split_whitespace().find(|word| word.starts_with("sk_")) {
            return Ok(key.to_owned());
        }
    }
    bail!("no key was printed")
}

/// The workspace that is to be served as if it were alone.
struct Quiet {
    caller: Caller,
    sink: Sink,
    sent: u64,
}

impl Quiet {
    /// Sends events at the rate for a while: how long each took from the request to the webhook that is its first step.
    async fn first_steps(&mut self, span: Duration) -> Result<Times> {
        let (begin, mut ticks) = (Instant::now(), interval(EACH));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sent = Vec::new();
        while begin.elapsed() < span {
            ticks.tick().await;
            self.sent += 1;
            sent.push((self.sent, Instant::now()));
            let (status, body) = self.caller.post("/v1/track", sign_up("quiet", self.sent)).await?;
            ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&body));
        }
        let (end, mut arrived) = (Instant::now() + LATE, self.sink.take_arrivals());
        while !sent.iter().all(|(n, _)| arrived.contains_key(n)) {
            ensure!(Instant::now() < end, "of {} webhooks only {} came", sent.len(), arrived.len());
            sleep(Duration::from_millis(5)).await;
            arrived.extend(self.sink.take_arrivals());
        }
        Ok(Times::new(sent.iter().map(|(n, at)| arrived[n] - *at).collect()))
    }
}

/// What the busy workspace has on its way.
struct Backlog {
    counters: Counters,
    accepted: Arc<AtomicU64>,
    paused: Arc<AtomicBool>,
    senders: JoinSet<Result<()>>,
}

impl Backlog {
    async fn start(server: &Server, workflow: &Workflow) -> Result<Self> {
        let (accepted, paused) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let mut senders = JoinSet::new();
        for number in 0..CONNECTIONS {
            let caller = Caller::connect(server.address(), server.key()).await?;
            senders.spawn(send(caller, number, accepted.clone(), paused.clone()));
        }
        Ok(Self { counters: Counters::of(server, workflow).await?, accepted, paused, senders })
    }

    async fn length(&mut self) -> Result<u64> {
        Ok(self.accepted.load(Ordering::Relaxed).saturating_sub(self.counters.ended().await?))
    }

    async fn grow(&mut self, wanted: u64) -> Result<()> {
        let end = Instant::now() + GROWS;
        while self.length().await? < wanted {
            ensure!(Instant::now() < end, "the backlog does not grow to {wanted}: {}", self.length().await?);
            if let Some(ended) = self.senders.try_join_next() {
                ended.context("a sender")??;
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    fn pause(&self) {
        self.paused.store(true, Ordering::Relaxed);
    }

    async fn stop(mut self) -> Result<()> {
        self.pause();
        while let Some(ended) = self.senders.join_next().await {
            ended.context("a sender")??;
        }
        Ok(())
    }
}

async fn send(mut caller: Caller, first: u64, accepted: Arc<AtomicU64>, paused: Arc<AtomicBool>) -> Result<()> {
    let mut n = first;
    while !paused.load(Ordering::Relaxed) {
        match caller.post("/v1/track", sign_up("busy", n)).await? {
            (StatusCode::OK, _) => {
                accepted.fetch_add(1, Ordering::Relaxed);
                n += CONNECTIONS;
            }
            // Overloaded: it is asked to come back later.
            (StatusCode::SERVICE_UNAVAILABLE, _) => sleep(Duration::from_secs(1)).await,
            (status, body) => bail!("{status}: {}", String::from_utf8_lossy(&body)),
        }
    }
    Ok(())
}
