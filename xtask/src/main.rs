//! Set-up and automation: `cargo xtask demo | test | bench | plugins | lint`.
//!
//! One file a task; the other files are what tasks share. Nothing here is part of what is shipped.

mod apt;
mod bench;
mod component;
mod demo;
mod file_length;
mod lint;
mod node;
mod plugins;
mod process;
mod python;
mod server;
mod test;
mod wasm;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Set-up and automation of Stepwell's repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds everything and shows a workflow at work, with local mail and webhook receivers.
    Demo(demo::Options),
    /// Builds the plugins and the server, and runs every test.
    Test(test::Options),
    /// Measures the release build and shows each figure beside its limit.
    Bench(bench::Options),
    /// Builds the plugins into `target/components`.
    Plugins,
    /// Checks format, lints, documentation, dependencies and file lengths.
    Lint(lint::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let workspace = Workspace::load()?;
    match task {
        Task::Demo(options) => demo::run(&workspace, &options),
        Task::Test(options) => test::run(&workspace, &options),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Plugins => plugins::run(&workspace),
        Task::Lint(options) => lint::run(&workspace, &options),
    }
}
