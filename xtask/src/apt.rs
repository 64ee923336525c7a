//! Debian's packages, for what neither cargo nor rustup can bring.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// Tells whether all these packages are installed; false where there is no `dpkg`.
pub(crate) fn has(packages: &[&str]) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}\\n"]).args(packages);
    let Ok(output) = query.output() else {
        return false;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter(|line| *line == "installed").count() == packages.len()
}

/// Installs packages without a question, as root or through `sudo`.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !process::succeeds(Command::new("apt-get").arg("--version")) {
        bail!("this system has no apt-get to install {} with", packages.join(", "));
    }
    process::heading(format_args!("apt-get: installing {}", packages.join(", ")));
    process::run(as_root("apt-get")?.args(["update", "--quiet", "--quiet"]))?;
    let options = ["install", "--yes", "--quiet", "--quiet", "--no-install-recommends"];
    process::run(as_root("apt-get")?.args(options).args(packages))
}

fn as_root(program: &str) -> Result<Command> {
    let mut command = if process::read(Command::new("id").arg("-u"))? == "0" {
        Command::new("env")
    } else if process::succeeds(Command::new("sudo").arg("--version")) {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    } else {
        bail!("only root can install packages, and there is no sudo");
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", program]);
    Ok(command)
}
