//! What cargo says about this workspace, and where its products go.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// The workspace as `cargo metadata` describes it.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    /// Only the members: dependencies are left out.
    pub(crate) packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
}

impl Workspace {
    pub(crate) fn load() -> Result<Self> {
        let mut metadata = clean_cargo();
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        let json = process::read(&mut metadata)?;
        serde_json::from_str(&json).context("reading `cargo metadata`")
    }

    /// Cargo in the root of the workspace.
    ///
    /// Builds and tests look for components in `target/components` by themselves. They are told only
    /// where that is not the place: a variable that a plain `cargo build` lacks would make each of
    /// the two build the server again after the other.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = clean_cargo();
        cargo.current_dir(&self.root);
        if self.target != self.root.join("target") {
            cargo.env("STEPWELL_COMPONENTS", self.components());
        }
        cargo
    }

    /// The members below a folder of the root, such as `plugins`.
    pub(crate) fn packages_below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a Package> {
        let folder = self.root.join(folder);
        self.packages.iter().filter(move |package| package.manifest_path.starts_with(&folder))
    }

    /// Where finished components are put, and where the server's build takes them from.
    pub(crate) fn components(&self) -> PathBuf {
        self.target.join("components")
    }

    /// A path as seen from the root, for people to read.
    pub(crate) fn shorten<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

/// Cargo without what the cargo that runs this program has set for it: build scripts watch some of
/// these variables, and would run again after each change between `cargo build` and `cargo xtask`.
fn clean_cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(describes_a_package) {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn describes_a_package(variable: &str) -> bool {
    variable == "CARGO" || variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        let package = |name: &str, manifest: &str| Package { name: name.into(), manifest_path: manifest.into() };
        Workspace {
            root: "/repo".into(),
            target: "/repo/target".into(),
            packages: vec![
                package("stepwell-step-exit", "/repo/plugins/exit/Cargo.toml"),
                package("stepwell-plugin", "/repo/plugin-sdk/rust/Cargo.toml"),
            ],
        }
    }

    #[test]
    fn packages_are_chosen_by_their_folder_and_not_by_a_common_beginning() {
        let workspace = workspace();
        let names: Vec<_> = workspace.packages_below("plugins").map(|it| &it.name).collect();
        assert_eq!(names, ["stepwell-step-exit"]);
    }

    #[test]
    fn builds_are_told_where_the_components_are_only_when_the_target_folder_was_moved() {
        let mut workspace = workspace();
        assert!(!told(&workspace));
        workspace.target = "/fast-disk/target".into();
        assert!(told(&workspace));
    }

    fn told(workspace: &Workspace) -> bool {
        workspace.cargo().get_envs().any(|(name, _)| name == "STEPWELL_COMPONENTS")
    }

    #[test]
    fn variables_about_this_package_are_kept_from_the_inner_cargo() {
        assert!(describes_a_package("CARGO_PKG_NAME"));
        assert!(describes_a_package("CARGO_MANIFEST_DIR"));
        assert!(!describes_a_package("CARGO_TARGET_DIR"));
        assert!(!describes_a_package("CARGO_HOME"));
    }

    #[test]
    fn paths_in_the_workspace_are_shown_from_its_root() {
        let workspace = workspace();
        assert_eq!(workspace.shorten(Path::new("/repo/target/x.wasm")), Path::new("target/x.wasm"));
        assert_eq!(workspace.shorten(Path::new("/tmp/x.wasm")), Path::new("/tmp/x.wasm"));
    }
}
