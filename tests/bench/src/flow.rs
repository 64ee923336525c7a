//! Durable executions a second over HTTP: the signup flow with and without its webhook, on SQLite.

use std::time::Duration;

use anyhow::Result;

use crate::database::{self, Own};
use crate::load::{self, Load, Span};
use crate::process::time_wait;
use crate::quantiles::count;
use crate::report::{Figure, Report, number};
use crate::server;
use crate::sink::Sink;

/// Executions on their way at most: enough that nothing ever waits for the driver, few enough that all of it is in memory.
const BACKLOG: u64 = 2_000;

/// Executions on their way while it is measured how fast events are taken in.
const INTAKE_BACKLOG: u64 = 30_000;

/// What the two flows must reach.
struct Targets {
    name: &'static str,
    a_second: f64,
    of_database: Option<f64>,
    cpu_ms: Option<f64>,
}

/// How long each part takes.
struct Spans {
    warm_up: Duration,
    measured: Duration,
    intake: Duration,
}

impl Spans {
    fn new(quick: bool) -> Self {
        let [warm_up, measured, intake] = if quick { [2, 5, 1] } else { [5, 20, 3] }.map(Duration::from_secs);
        Self { warm_up, measured, intake }
    }
}

/// What one flow did.
struct Measured {
    span: Span,
    intake: Span,
    refused: u64,
    /// MiB.
    memory: f64,
    own: Vec<Own>,
    time_wait: (usize, usize),
}

pub(crate) async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let alone = load::driver_alone(Duration::from_secs(1)).await?;
    report.add(Figure::new('b', "driver against its own sink", alone, "requests/s").note("the driver's bound"));
    let with = Targets { name: "with webhook", a_second: 3_000.0, of_database: Some(40.0), cpu_ms: Some(0.5) };
    let without = Targets { name: "without webhook", a_second: 6_000.0, of_database: None, cpu_ms: None };
    for (targets, webhook) in [(with, true), (without, false)] {
        let measured = run(webhook, &Spans::new(quick)).await?;
        tell(&targets, &measured, report);
    }
    Ok(())
}

async fn run(webhook: bool, spans: &Spans) -> Result<Measured> {
    let sink = Sink::start().await?;
    let (mut server, _) = server::start().await?;
    let url = webhook.then(|| sink.url());
    let workflow = server::signup_flow(&server.client(), "signed_up", url.as_deref()).await;
    let before = time_wait(sink.port);
    let mut load = Load::start(&[&server], &workflow, "signed_up", BACKLOG).await?;
    load.run(spans.warm_up).await?;
    let begin = load.sample().await?;
    load.run(spans.measured).await?;
    let end = load.sample().await?;
    load.allow(INTAKE_BACKLOG);
    let taking = load.sample().await?;
    load.run(spans.intake).await?;
    let taken = load.sample().await?;
    let (refused, memory) = load.finish().await?;
    let after = time_wait(sink.port);
    server.terminate().await;
    let own = database::own_rates(&server.data().join("stepwell.db")).await?;
    Ok(Measured {
        span: begin.until(&end),
        intake: taking.until(&taken),
        refused,
        memory: memory.resident,
        own,
        time_wait: (before, after),
    })
}

fn tell(targets: &Targets, measured: &Measured, report: &mut Report) {
    let Measured { span, intake, refused, memory, own, time_wait } = measured;
    let figure = |what: &str, value, unit| Figure::new('b', format!("signup flow {}{what}", targets.name), value, unit);
    let rate = count(span.ended) / span.seconds;
    let accepted = format!("{} accepted in the same {:.1} s", number(count(span.accepted)), span.seconds);
    report.add(figure("", rate, "executions/s").at_least(targets.a_second).note(accepted));
    for own in own {
        let name = format!(": SQLite alone, {} a commit", own.batch);
        let note = format!("{} transactions/s; {:.1} rows an execution", number(own.commits), own.rows);
        report.add(figure(&name, own.a_second, "executions/s").note(note));
    }
    if let Some(own) = own.iter().find(|own| own.batch == database::COMPARED) {
        let share = figure(": share of SQLite's own rate", rate / own.a_second * 100.0, "%");
        report.add(match targets.of_database {
            Some(least) => share.at_least(least),
            None => share,
        });
    }
    let (user, system) = span.cpu;
    let each = |seconds: f64| seconds / count(span.ended.max(1)) * 1e3;
    let threads = span.threads.iter().filter(|(_, seconds)| each(*seconds) >= 0.001);
    let threads: Vec<_> = threads.map(|(name, seconds)| format!("{name} {:.3}", each(*seconds))).collect();
    let note = format!("{:.3} user, {:.3} kernel; by thread: {}", each(user), each(system), threads.join(", "));
    let cpu = figure(": CPU an execution", each(user + system), "ms").note(note);
    report.add(match targets.cpu_ms {
        Some(most) => cpu.at_most(most),
        None => cpu,
    });
    report.add(figure(": events accepted", count(intake.accepted) / intake.seconds, "requests/s").note(format!(
        "with up to {} on their way; {} ended/s meanwhile, {refused} refused",
        number(count(INTAKE_BACKLOG)),
        number(count(intake.ended) / intake.seconds)
    )));
    report.add(figure(": memory under load", *memory, "MiB"));
    report.add(figure(": sockets in TIME_WAIT", count(time_wait.1 as u64), "").note(format!("{} before", time_wait.0)));
}
