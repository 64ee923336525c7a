//! The Python peers of the tests: an SMTP server and an OpenAPI tester, in a venv of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{apt, process};

const REQUIREMENTS: &str = include_str!("../python/requirements.txt");
const CONSTRAINTS: &str = include_str!("../python/constraints.txt");

/// Makes the venv, unless one with the same packages is there, and answers with its Python.
pub(crate) fn prepare(workspace: &Workspace) -> Result<PathBuf> {
    let venv = workspace.target.join("python");
    let python = venv.join("bin/python");
    let (stamp, wanted) = (venv.join("installed.txt"), format!("{REQUIREMENTS}{CONSTRAINTS}"));
    let ready = fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted);
    if !ready || !process::succeeds(Command::new(&python).arg("--version")) {
        create(&venv)?;
        install(&python, &workspace.root.join("xtask/python"))?;
        fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))?;
    }
    Ok(python)
}

fn create(venv: &Path) -> Result<()> {
    let has_venv = || process::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]));
    if !has_venv() {
        apt::install(&["python3", "python3-venv"])
            .context("the tests need python3 with its venv module: install both and try again")?;
    }
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv))
}

fn install(python: &Path, lists: &Path) -> Result<()> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    pip.arg("--requirement").arg(lists.join("requirements.txt"));
    pip.arg("--constraint").arg(lists.join("constraints.txt"));
    process::run(&mut pip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_python_package_is_pinned() {
        let lines = REQUIREMENTS.lines().chain(CONSTRAINTS.lines());
        for line in lines.filter(|line| !line.starts_with('#')) {
            assert_eq!(line.matches("==").count(), 1, "{line}");
        }
    }
}
