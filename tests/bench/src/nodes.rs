//! The signup flow without its webhook on PostgreSQL, with one, two and four servers on one database, all on this machine. The
//! database makes each commit durable, as the servers ask of it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use stepwell_tests::{Database, Kind, Server, ServerOptions};

use crate::load::Load;
use crate::quantiles::count;
use crate::report::{Figure, Report};
use crate::server;

/// Executions on their way at most.
const BACKLOG: u64 = 2_000;

/// How much of one server's throughput several must at least have.
const KEPT: f64 = 85.0;

pub(crate) async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let [warm_up, measured] = if quick { [2, 5] } else { [5, 15] }.map(Duration::from_secs);
    let mut alone = None;
    for nodes in [1, 2, 4] {
        let (rate, cpu) = run(nodes, warm_up, measured).await.with_context(|| format!("with {nodes} nodes"))?;
        let name =
            format!("PostgreSQL, signup flow without webhook, {nodes} {}", if nodes == 1 { "node" } else { "nodes" });
        report.add(
            Figure::new('f', name, rate, "executions/s").note(format!("{cpu:.3} ms CPU an execution, servers only")),
        );
        let alone = *alone.get_or_insert(rate);
        if nodes == 4 {
            let share = Figure::new('f', "PostgreSQL: 4 nodes against 1", rate / alone * 100.0, "%");
            report.add(share.at_least(KEPT));
        }
    }
    Ok(())
}

/// Executions a second, and CPU milliseconds of the servers for each.
async fn run(nodes: usize, warm_up: Duration, measured: Duration) -> Result<(f64, f64)> {
    let servers = start(nodes).await?;
    let first = servers.first().context("no server")?;
    let workflow = server::signup_flow(&first.client(), "signed_up", None).await;
    let mut load = Load::start(&servers.iter().collect::<Vec<_>>(), &workflow, "signed_up", BACKLOG).await?;
    load.run(warm_up).await?;
    let begin = load.sample().await?;
    load.run(measured).await?;
    let end = load.sample().await?;
    load.finish().await?;
    let span = begin.until(&end);
    let (user, system) = span.cpu;
    Ok((count(span.ended) / span.seconds, (user + system) / count(span.ended.max(1)) * 1e3))
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
