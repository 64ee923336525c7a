//! From a request to the webhook it causes, at a rate that leaves the server idle most of the time; and what each durable step
//! adds to that.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant as Clock};

use anyhow::{Context as _, Result, ensure};
use http::StatusCode;
use serde_json::{Value, json};
use stepwell_tests::{Client, Server, Workflow};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use crate::http::Caller;
use crate::quantiles::{Times, ms};
use crate::report::{Figure, Report};
use crate::server::{self, sign_up};
use crate::sink::Sink;

/// Connections that send in turn, each at its share of the rate.
const SENDERS: u32 = 4;
const A_SECOND: u32 = 20;

/// Steps of the long chain.
const STEPS: u32 = 20;

/// How long the last webhook may take.
const LATE: Duration = Duration::from_secs(10);

/// One request.
struct Sent {
    n: u64,
    sent: Instant,
    accepted: Instant,
}

/// How long it took until the webhook came, since the request was sent and since it was answered.
struct Delays {
    since_sent: Times,
    since_accepted: Times,
}

pub(crate) async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let span = Duration::from_secs(if quick { 6 } else { 30 });
    let sink = Sink::start().await?;
    sink.keep_arrivals();
    let (server, _) = server::start().await?;
    let client = server.client();
    let flush = flush_time(server.data())?;
    report.add(Figure::new('c', "a flush of 16 KiB to this disk, p50", ms(flush), "ms").note("the physical bound"));
    server::signup_flow(&client, "signed_up", Some(&sink.url())).await;
    send_and_wait(&server, &sink, "signed_up", Duration::from_secs(1)).await?;
    let flow = send_and_wait(&server, &sink, "signed_up", span).await?;
    let note =
        format!("{} requests; {:.2} ms since they were sent", flow.since_sent.len(), ms(flow.since_sent.median()));
    let figure = |name: &str, value| Figure::new('c', name, ms(value), "ms");
    report.add(figure("event accepted → webhook, p50", flow.since_accepted.median()).at_most(4.0).note(note));
    let note = format!("{:.2} ms since they were sent", ms(flow.since_sent.quantile(0.99)));
    report.add(figure("event accepted → webhook, p99", flow.since_accepted.quantile(0.99)).at_most(15.0).note(note));
    let each = each_step(&client, &server, &sink, span / 2).await?;
    report.add(
        figure("a durable step, p50", each)
            .at_most(0.5)
            .note(format!("a chain of {STEPS} conditions against none; the run of the step itself is part of it")),
    );
    Ok(())
}

/// What a step adds: a chain of many against a chain of none.
async fn each_step(client: &Client, server: &Server, sink: &Sink, span: Duration) -> Result<Duration> {
    let mut medians = Vec::new();
    for (event, steps) in [("none", 0), ("chained", STEPS)] {
        chain(client, event, steps, &sink.url()).await;
        send_and_wait(server, sink, event, Duration::from_secs(1)).await?;
        medians.push(send_and_wait(server, sink, event, span).await?.since_sent.median());
    }
    Ok(medians[1].saturating_sub(medians[0]) / STEPS)
}

async fn chain(client: &Client, event: &str, steps: u32, url: &str) {
    let workflow = Workflow::create(client, event, json!({ "allowReentry": true })).await;
    let is_free = json!({ "field": "contact.data.plan", "operator": "equals", "value": "free" });
    let (mut last, mut condition) = (workflow.trigger.clone(), Value::Null);
    for number in 0..steps {
        let step = workflow.step("CONDITION", &format!("check {number}"), is_free.clone()).await;
        workflow.connect(&last, &step, condition).await;
        (last, condition) = (step, json!({ "branch": "yes" }));
    }
    let tell = workflow.step("WEBHOOK", "tell", json!({ "url": url, "method": "POST" })).await;
    workflow.connect(&last, &tell, condition).await;
}

/// Sends at the rate for a while and waits for all the webhooks.
async fn send_and_wait(server: &Server, sink: &Sink, event: &str, span: Duration) -> Result<Delays> {
    let each = Duration::from_secs(1) * SENDERS / A_SECOND;
    let begin = Instant::now() + Duration::from_millis(50);
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        let caller = Caller::connect(server.address(), server.key()).await?;
        let (event, first) = (event.to_owned(), begin + each * number / SENDERS);
        senders.spawn(async move { send(caller, &event, number, first, each, span).await });
    }
    let mut sent = Vec::new();
    while let Some(ended) = senders.join_next().await {
        sent.extend(ended.context("a sender")??);
    }
    delays(sink, &sent).await
}

async fn send(
    mut caller: Caller,
    event: &str,
    sender: u32,
    first: Instant,
    each: Duration,
    span: Duration,
) -> Result<Vec<Sent>> {
    let mut ticks = interval_at(first, each);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut all = Vec::new();
    while first.elapsed() < span {
        let sent = ticks.tick().await.max(Instant::now());
        let n = u64::from(sender) + u64::from(SENDERS) * all.len() as u64 + unique();
        let (status, body) = caller.post("/v1/track", sign_up(event, n)).await?;
        ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&body));
        all.push(Sent { n, sent, accepted: Instant::now() });
    }
    Ok(all)
}

/// Numbers of one call of `send` are far from those of any other: a contact enters a workflow once.
fn unique() -> u64 {
    use std::sync::OnceLock;
    static BEGAN: OnceLock<Clock> = OnceLock::new();
    (BEGAN.get_or_init(Clock::now).elapsed().as_micros() as u64) << 16
}

async fn delays(sink: &Sink, sent: &[Sent]) -> Result<Delays> {
    let end = Instant::now() + LATE;
    let mut arrived = sink.take_arrivals();
    while !sent.iter().all(|one| arrived.contains_key(&one.n)) {
        ensure!(Instant::now() < end, "of {} webhooks only {} came", sent.len(), arrived.len());
        sleep(Duration::from_millis(5)).await;
        arrived.extend(sink.take_arrivals());
    }
    let since = |from: fn(&Sent) -> Instant| Times::new(sent.iter().map(|one| arrived[&one.n] - from(one)).collect());
    Ok(Delays { since_sent: since(|one| one.sent), since_accepted: since(|one| one.accepted) })
}

/// How long this disk takes to make a few pages durable: what a lone commit cannot be faster than.
fn flush_time(folder: &Path) -> Result<Duration> {
    let path = folder.join("flush");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let began = Clock::now();
        file.write_all(&[7; 16 * 1024])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(Times::new(times).median())
}
