//! `cargo xtask lint`: format, lints, documentation, dependencies and file lengths.
//!
//! A check that fails does not keep the others from running: one run shows all there is to mend.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use crate::{file_length, process};

const CARGO_DENY: &str = "cargo-deny@0.20.2";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Installs cargo-deny if it is missing, as is always done where `CI` is set.
    #[arg(long)]
    install: bool,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    type Check = (&'static str, fn(&Workspace, &Options) -> Result<()>);
    let checks: [Check; 5] = [
        ("format", |workspace, _| format(workspace)),
        ("file lengths", |workspace, _| file_length::check(workspace)),
        ("clippy", |workspace, _| clippy(workspace)),
        ("documentation", |workspace, _| documentation(workspace)),
        ("dependencies", dependencies),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = process::part(name, || check(workspace, options)) {
            eprintln!("error: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn format(workspace: &Workspace) -> Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    process::run(workspace.cargo().args(arguments))
}

fn documentation(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.env("RUSTDOCFLAGS", "-Dwarnings").args(["doc", "--workspace", "--no-deps"]);
    process::run(&mut cargo)
}

fn dependencies(workspace: &Workspace, options: &Options) -> Result<()> {
    let tools = workspace.target.join("tools");
    let wanted = options.install || env::var_os("CI").is_some();
    let deny = match find_cargo_deny(&tools) {
        Some(deny) => deny,
        None if wanted => install_cargo_deny(workspace, &tools)?,
        None => {
            eprintln!("warning: not checked, as cargo-deny is missing; `cargo xtask lint --install` brings it");
            return Ok(());
        }
    };
    let mut deny = Command::new(deny);
    process::run(deny.current_dir(&workspace.root).args(["check", "bans", "licenses", "sources"]))
}

fn find_cargo_deny(tools: &Path) -> Option<PathBuf> {
    let candidates = ["cargo-deny".into(), tools.join("bin/cargo-deny")];
    candidates.into_iter().find(|path| process::succeeds(Command::new(path).arg("--version")))
}

/// Built without optimisation: the check itself takes two seconds, optimising would take minutes.
fn install_cargo_deny(workspace: &Workspace, tools: &Path) -> Result<PathBuf> {
    let mut install = workspace.cargo();
    install.args(["install", "--locked", "--debug", "--root"]).arg(tools).arg(CARGO_DENY);
    process::run(&mut install)?;
    Ok(tools.join("bin/cargo-deny"))
}
