//! The JavaScript clients of the tests: packages of npm, exactly those of the committed lock file.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{apt, process};

/// The oldest Node whose test runner and `fetch` the tests can use.
const OLDEST: u32 = 18;

/// The lists of packages, in `tests/flows-js`.
const LISTS: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs the packages, unless the same ones are there, and answers with their `node_modules`.
pub(crate) fn prepare(workspace: &Workspace) -> Result<PathBuf> {
    find()?;
    let lists = workspace.root.join("tests/flows-js");
    let all = workspace.target.join("node");
    let folder = all.join(digest(&lists)?);
    let modules = folder.join("node_modules");
    if modules.join(".package-lock.json").exists() {
        return Ok(modules);
    }
    if all.exists() {
        fs::remove_dir_all(&all).with_context(|| format!("removing {}", all.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    for list in LISTS {
        fs::copy(lists.join(list), folder.join(list)).with_context(|| format!("copying {list}"))?;
    }
    // An optional package of the SDK is not public. `overrides` puts another in its place, for npm to have a whole list; neither is
    // installed.
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional", "--no-update-notifier"])
        .current_dir(&folder);
    process::run(&mut npm)?;
    Ok(modules)
}

/// Finds Node and npm, or installs Debian's.
fn find() -> Result<()> {
    let has_npm = || process::succeeds(Command::new("npm").arg("--version"));
    if version().is_none_or(|version| version < OLDEST) || !has_npm() {
        apt::install(&["nodejs", "npm"])
            .with_context(|| format!("the tests need Node {OLDEST} or later with npm: install both and try again"))?;
    }
    match version() {
        Some(version) if version >= OLDEST => Ok(()),
        found => bail!("the tests need Node {OLDEST} or later, and not {found:?}"),
    }
}

/// Node's major version, if there is a Node.
fn version() -> Option<u32> {
    let output = Command::new("node").arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn digest(lists: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for list in LISTS {
        let path = lists.join(list);
        fs::read(&path).with_context(|| format!("reading {}", path.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = include_str!("../../tests/flows-js/package-lock.json");

    #[test]
    fn a_version_begins_with_its_major_number() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("20"), None);
        assert_eq!(major(""), None);
    }

    #[test]
    fn every_package_is_pinned_by_its_content_and_comes_from_the_registry_that_is_set() {
        let lock: serde_json::Value = serde_json::from_str(LOCK).expect("JSON");
        let packages = lock["packages"].as_object().expect("packages");
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(package["integrity"].as_str().is_some_and(|text| text.starts_with("sha512-")), "{name}");
            assert_eq!(package.get("resolved"), None, "{name}");
        }
        assert!(packages.len() > 10);
    }
}
