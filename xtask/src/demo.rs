//! `cargo xtask demo`: builds everything, then becomes `stepwell demo`.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{plugins, process, server};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs the sample workflow once, prints its timeline and ends.
    #[arg(long)]
    once: bool,
}

/// Comes back only when something failed: the server takes the place of this process, and so gets
/// the terminal's signals itself.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    plugins::run(workspace)?;
    let mut demo = Command::new(server::build(workspace)?);
    demo.arg("demo").args(options.once.then_some("--once"));
    let line = process::line(&demo);
    Err(demo.exec()).with_context(|| format!("starting `{line}`"))
}
