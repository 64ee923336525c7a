//! Measures the real binary and its parts, and shows each figure beside its limit: `cargo xtask bench` builds and runs it.
//!
//! Everything runs on this machine, over loopback, and is bounded in count and time. The parts have the letters of the issue
//! that asks for them.

mod calls;
mod cold;
mod database;
mod fairness;
mod flow;
mod flows;
mod http;
mod latency;
mod live;
mod load;
mod nodes;
mod parked;
mod process;
mod quantiles;
mod report;
mod sandbox;
mod server;
mod sink;
mod step;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};

use crate::report::Report;

/// As in the server, whose parts some measurements run in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Stepwell.
#[derive(Parser)]
struct Arguments {
    /// Shorter runs and fewer rows: a minute or two in all.
    #[arg(long)]
    quick: bool,
    /// Only these parts, with commas between.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Where the figures are written to as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One step in its sandbox, in-process.
    A,
    /// Durable executions a second over HTTP.
    B,
    /// From an accepted request to the webhook it causes.
    C,
    /// Executions that wait.
    D,
    /// From the start of the process to the first execution that ended.
    E,
    /// PostgreSQL with several servers.
    F,
    /// Memory, and requests that plugins make.
    G,
    /// What one workspace's backlog costs another.
    H,
    /// Flows that people work on.
    I,
}

impl Part {
    fn run(self, quick: bool, report: &mut Report) -> Result<()> {
        match self {
            Self::A => step::measure(quick, report),
            Self::B => on_one_thread(flow::measure(quick, report)),
            Self::C => on_one_thread(latency::measure(quick, report)),
            Self::D => on_one_thread(parked::measure(quick, report)),
            Self::E => on_one_thread(cold::measure(quick, report)),
            Self::F => on_one_thread(nodes::measure(quick, report)),
            Self::G => calls::measure(quick, report),
            Self::H => on_one_thread(fairness::measure(quick, report)),
            Self::I => on_one_thread(flows::measure(quick, report)),
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut report = Report::new(arguments.quick);
    for part in Part::value_variants() {
        if arguments.only.is_empty() || arguments.only.contains(part) {
            part.run(arguments.quick, &mut report).with_context(|| format!("measuring part {part:?}"))?;
        }
    }
    print!("\n{report}");
    match arguments.json {
        Some(path) => report.write(&path),
        None => Ok(()),
    }
}

/// Driver and sink share one thread: it costs the server least, and is still several times faster than it.
fn on_one_thread(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
