//! The signup flow without its webhook on PostgreSQL, with one, two and four servers on one database, all on this machine. The
//! database makes each commit durable, as the servers ask of it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use stepwell_tests::{Database, Kind, Server, ServerOptions};

use crate::load::Load;
use crate::quantiles::count;
use crate::report::{Figure, Report, number};
use crate::server::{self, Counters};

/// Executions on their way at most.
const BACKLOG: u64 = 2_000;

/// How much of one server's throughput several must at least have.
const KEPT: f64 = 85.0;

/// How many bytes were logged ahead so far, and how many the tables and indexes of the schema have.
const LOG: &str = "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn";
const SIZE: &str = "select sum(pg_total_relation_size(oid)) from pg_class
    where relkind = 'r' and relnamespace = current_schema()::regnamespace";

pub(crate) async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let mut alone = None;
    for (nodes, word) in [(1, "node"), (2, "nodes"), (4, "nodes")] {
        let ran = run(nodes, quick).await.with_context(|| format!("with {nodes} nodes"))?;
        let name = format!("PostgreSQL, signup flow without webhook, {nodes} {word}");
        let note = format!(
            "an execution: {:.3} ms CPU of the servers, {} bytes of log, {} bytes in tables and indexes",
            ran.cpu,
            number(ran.log),
            number(ran.size)
        );
        report.add(Figure::new('f', name, ran.rate, "executions/s").note(note));
        let alone = *alone.get_or_insert(ran.rate);
        if nodes == 4 {
            let share = Figure::new('f', "PostgreSQL: 4 nodes against 1", ran.rate / alone * 100.0, "%");
            report.add(share.at_least(KEPT));
        }
    }
    Ok(())
}

/// What was measured. All but the rate is for one execution.
struct Ran {
    /// Executions a second.
    rate: f64,
    /// Milliseconds of the servers.
    cpu: f64,
    /// Bytes that PostgreSQL logged ahead.
    log: f64,
    /// Bytes in tables and indexes.
    size: f64,
}

async fn run(nodes: usize, quick: bool) -> Result<Ran> {
    let [warm_up, measured] = if quick { [2, 5] } else { [5, 15] }.map(Duration::from_secs);
    let servers = start(nodes).await?;
    let first = servers.first().context("no server")?;
    let database = first.schema().context("no schema")?;
    let workflow = server::signup_flow(&first.client(), "signed_up", None).await;
    let bytes = |query: &str| anyhow::Ok(database.sql(query)?.trim().parse::<f64>()?);
    let (log, size) = (bytes(LOG)?, bytes(SIZE)?);
    let mut load = Load::start(&servers.iter().collect::<Vec<_>>(), &workflow, "signed_up", BACKLOG).await?;
    load.run(warm_up).await?;
    let begin = load.sample().await?;
    load.run(measured).await?;
    let span = begin.until(&load.sample().await?);
    load.finish().await?;
    let all = count(Counters::of(first, &workflow).await?.ended().await?);
    let (user, system) = span.cpu;
    Ok(Ran {
        rate: count(span.ended) / span.seconds,
        cpu: (user + system) / count(span.ended.max(1)) * 1e3,
        log: (bytes(LOG)? - log) / all,
        size: (bytes(SIZE)? - size) / all,
    })
}

async fn start(nodes: usize) -> Result<Vec<Server>> {
    let options = ServerOptions::default().from_nothing().set("STEPWELL_LOG", "warn");
    let database = Database::new(Kind::DurablePostgres)?;
    let mut servers = vec![options.start_on(database).await];
    while servers.len() < nodes {
        let another = servers[0].start_node().await;
        servers.push(another);
    }
    Ok(servers)
}
