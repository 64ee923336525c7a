//! `cargo xtask bench`: builds the plugins, the server and the benchmark for release, and measures.

use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{plugins, process};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Shorter runs and fewer rows: under two minutes after the build.
    #[arg(long)]
    quick: bool,
    /// Only these parts, with commas between: a step, b flow, c latency, d waiting, e cold start, f PostgreSQL, g memory and calls,
    /// h fairness, i flows.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Prints a table; the same is in `target/bench.json`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    plugins::run(workspace)?;
    process::part("building for release", || {
        let arguments = ["build", "--release", "--workspace", "--bin", "stepwell", "--bin", "bench"];
        process::run(workspace.cargo().args(arguments))
    })?;
    let mut bench = bench(workspace, options);
    process::part("measuring", || process::run(&mut bench))
}

fn bench(workspace: &Workspace, options: &Options) -> Command {
    let release = workspace.target.join("release");
    let mut bench = Command::new(release.join("bench"));
    bench.args(options.quick.then_some("--quick"));
    if !options.only.is_empty() {
        bench.arg("--only").arg(options.only.join(","));
    }
    bench.arg("--json").arg(workspace.target.join("bench.json"));
    bench.env("STEPWELL_TEST_BINARY", release.join("stepwell")).env("STEPWELL_COMPONENTS", workspace.components());
    bench
}
