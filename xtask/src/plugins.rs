//! `cargo xtask plugins`: builds every component and puts it into `target/components`.
//!
//! All are built by one cargo call, in a target folder of its own: a build of the server at the same
//! time does not wait for it, and a change of compiler rebuilds nothing else.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::component::{self, FAMILIES};
use crate::process;
use crate::wasm::{self, Compiler};
use crate::workspace::Workspace;

const PROFILE: &str = "plugin";

/// One component: the package it is built from, and the file it becomes.
struct Plugin<'a> {
    package: &'a str,
    published: PathBuf,
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let plugins = list(workspace)?;
    process::part(&format!("building {} components", plugins.len()), || build(workspace, &plugins))?;
    publish(workspace, &plugins)
}

fn list(workspace: &Workspace) -> Result<Vec<Plugin<'_>>> {
    let mut plugins = Vec::new();
    for family in &FAMILIES {
        for package in workspace.packages_below(family.folder) {
            let folder = workspace.components().join(family.output);
            let published = folder.join(family.file_name(&package.name)?);
            plugins.push(Plugin { package: &package.name, published });
        }
    }
    Ok(plugins)
}

fn build(workspace: &Workspace, plugins: &[Plugin<'_>]) -> Result<()> {
    let compiler = Compiler::find()?;
    let cargo_home = cargo_home()?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--lib", "--profile", PROFILE, "--target-dir"]).arg(target(workspace));
    cargo.args(plugins.iter().flat_map(|plugin| ["-p", plugin.package]));
    let prefixes: [(&Path, &str); 2] = [(&workspace.root, "stepwell"), (&cargo_home, "cargo")];
    compiler.configure(&mut cargo, &prefixes)?;
    process::run(&mut cargo)
}

fn publish(workspace: &Workspace, plugins: &[Plugin<'_>]) -> Result<()> {
    let built = target(workspace).join(wasm::TARGET).join(PROFILE);
    for plugin in plugins {
        let file = built.join(component::built_file_name(plugin.package));
        let changed = component::publish(&file, &plugin.published)?;
        report(workspace, &plugin.published, if changed { "new" } else { "unchanged" });
    }
    let keep: BTreeSet<_> = plugins.iter().map(|plugin| plugin.published.clone()).collect();
    for family in &FAMILIES {
        for old in component::remove_others(&workspace.components().join(family.output), &keep)? {
            report(workspace, &old, "removed");
        }
    }
    Ok(())
}

fn report(workspace: &Workspace, component: &Path, what: &str) {
    let size = component.metadata().map_or(0, |metadata| metadata.len() / 1024);
    eprintln!("{what:>12} {} ({size} KiB)", workspace.shorten(component).display());
}

fn target(workspace: &Workspace) -> PathBuf {
    workspace.target.join("plugins")
}

/// Where the sources of dependencies lie.
fn cargo_home() -> Result<PathBuf> {
    let home = || env::home_dir().map(|home| home.join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("neither CARGO_HOME nor a home folder is known")
}
