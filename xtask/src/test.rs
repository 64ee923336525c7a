//! `cargo xtask test`: builds the plugins and the server, prepares the peers, and runs every test.

use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{apt, node, plugins, process, python, server};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs only the tests whose names contain one of these.
    filters: Vec<String>,
    /// Arguments for cargo-nextest (or for the test binaries, where it is not installed).
    #[arg(last = true)]
    runner: Vec<String>,
}

/// The documentation tests come first, so that the last line printed counts all the others.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    plugins::run(workspace)?;
    let python = process::part("preparing the Python peers", || python::prepare(workspace))?;
    let modules = process::part("preparing the JavaScript clients", || node::prepare(workspace))?;
    let server = server::build(workspace)?;
    process::part("finding PostgreSQL", postgres)?;
    if options.filters.is_empty() && options.runner.is_empty() {
        process::part("documentation tests", || {
            process::run(workspace.cargo().args(["test", "--workspace", "--doc"]))
        })?;
    }
    let mut tests = runner(workspace, options);
    tests.env("STEPWELL_TEST_BINARY", server).env("STEPWELL_TEST_PYTHON", python);
    tests.env("STEPWELL_TEST_NODE_MODULES", modules);
    process::part("tests", || process::run(&mut tests))
}

/// The programs of a private PostgreSQL, unless the tests are given a server. They may be anywhere in the PATH, or where Debian
/// keeps them.
fn postgres() -> Result<()> {
    let given = env::var_os("STEPWELL_TEST_POSTGRES_URL").is_some();
    let debian = || fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut versions| versions.next().is_some());
    if given || debian() || process::succeeds(Command::new("initdb").arg("--version")) {
        return Ok(());
    }
    apt::install(&["postgresql"]).context("the tests need PostgreSQL 15 or later: install it and try again")
}

fn runner(workspace: &Workspace, options: &Options) -> Command {
    let mut cargo = workspace.cargo();
    if process::succeeds(Command::new("cargo-nextest").args(["nextest", "--version"])) {
        let profile = if env::var_os("CI").is_some() { "ci" } else { "default" };
        cargo.args(nextest(options, profile));
    } else {
        process::heading("cargo-nextest is not installed: using cargo test");
        cargo.args(cargo_test(options));
    }
    cargo
}

fn nextest<'a>(options: &'a Options, profile: &'a str) -> Vec<&'a str> {
    let fixed = ["nextest", "run", "--workspace", "--profile", profile];
    let given = options.filters.iter().chain(&options.runner).map(String::as_str);
    fixed.into_iter().chain(given).collect()
}

/// `--lib --bins --tests` leaves out the documentation tests.
fn cargo_test(options: &Options) -> Vec<&str> {
    let fixed = ["test", "--workspace", "--lib", "--bins", "--tests", "--"];
    let given = options.filters.iter().chain(&options.runner).map(String::as_str);
    fixed.into_iter().chain(given).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { filters: vec!["crash".into()], runner: vec!["--no-capture".into()] }
    }

    #[test]
    fn filters_and_extra_arguments_go_to_nextest() {
        let line = nextest(&options(), "ci").join(" ");
        assert_eq!(line, "nextest run --workspace --profile ci crash --no-capture");
    }

    #[test]
    fn without_nextest_they_go_to_the_test_binaries() {
        let line = cargo_test(&options()).join(" ");
        assert_eq!(line, "test --workspace --lib --bins --tests -- crash --no-capture");
    }
}
