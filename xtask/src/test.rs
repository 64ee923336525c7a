//! `cargo xtask test`: builds the plugins and the server, prepares the peers, and runs every test.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{plugins, process, python};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs only the tests whose names contain one of these.
    filters: Vec<String>,
    /// Arguments for cargo-nextest (or for the test binaries, where it is not installed).
    #[arg(last = true)]
    runner: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    plugins::run(workspace)?;
    let python = process::part("preparing the Python peers", || python::prepare(workspace))?;
    process::part("building the server", || process::run(workspace.cargo().args(["build", "--bin", "stepwell"])))?;
    if options.filters.is_empty() && options.runner.is_empty() {
        process::part("documentation tests", || {
            process::run(workspace.cargo().args(["test", "--workspace", "--doc", "--quiet"]))
        })?;
    }
    process::part("tests", || process::run(&mut tests(workspace, options, &python)))
}

/// The documentation tests come before these, so that the last line printed counts all the others.
fn tests(workspace: &Workspace, options: &Options, python: &Path) -> Command {
    let mut cargo = workspace.cargo();
    cargo.env("STEPWELL_TEST_BINARY", workspace.server()).env("STEPWELL_TEST_PYTHON", python);
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
