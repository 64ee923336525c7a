//! PostgreSQL's programs: where they are, and how they are run. Its server refuses to be root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The oldest version that is supported.
const OLDEST: u32 = 15;

const MISSING: &str = "the tests need PostgreSQL 15 or later: `apt-get install postgresql-15`, or set \
    STEPWELL_TEST_POSTGRES_URL to a database they may make schemas in (for that psql is enough)";

/// A program of PostgreSQL, from the PATH or from where Debian keeps the server's programs.
pub(crate) fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.extend(versions());
    folders.into_iter().map(|folder| folder.join(name)).find(|program| program.is_file()).context(MISSING)
}

/// The folders of the installed versions that are new enough, the newest first.
fn versions() -> Vec<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let mut numbers: Vec<_> = installed.filter_map(number).filter(|number| *number >= OLDEST).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers.into_iter().map(|number| Path::new("/usr/lib/postgresql").join(number.to_string()).join("bin")).collect()
}

/// Runs SQL on the database of a URL, and gives what it answers: a line a row, a bar between columns.
pub(crate) fn sql(url: &str, text: &str) -> Result<String> {
    run(psql(url)?.args(["--command", text]))
}

/// Runs a file of SQL as one transaction.
pub(crate) fn script(url: &str, file: &Path) -> Result<()> {
    run(psql(url)?.arg("--single-transaction").arg("--file").arg(file)).map(drop)
}

fn psql(url: &str) -> Result<Command> {
    let mut psql = Command::new(find("psql")?);
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--dbname", url]);
    Ok(psql)
}

/// A command for the user whom the server is to run as: this one, or `postgres` or `nobody` in place of root.
pub(crate) fn unprivileged(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let (user, group) = if exists("postgres") { ("postgres", "postgres") } else { ("nobody", "nogroup") };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", group, "--clear-groups", "--"]).arg(program);
    command
}

fn exists(user: &str) -> bool {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    users.lines().any(|line| line.split(':').next() == Some(user))
}

/// Runs a program and gives what it printed; what it complained about is in the error if it fails.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {name}"))?;
    if !output.status.success() {
        bail!("{name} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
