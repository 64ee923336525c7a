//! The private server: started by the first test that needs it, shared by all test processes of a user, and stopped by a
//! watcher some seconds after the last of them has ended, however it ended.
//!
//! Every process that uses the server holds a shared lock on a file. The kernel lets go of it when the process is gone. Nobody
//! can use the server while the watcher holds the lock alone.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use crate::programs;

/// Nothing of a test has to survive a power cut.
const FAST: &str = "fsync=off full_page_writes=off";

/// As a server has it that is measured.
const DURABLE: &str = "fsync=on full_page_writes=on shared_buffers=256MB";

const SETTINGS: &str = "listen_addresses= max_connections=400 shared_buffers=64MB \
    max_wal_size=2GB autovacuum=off log_min_messages=warning";

/// Stops the server once nobody has used it for five seconds. `$1`: the lock, `$2`: the server's folder, then how to stop it.
const WATCH: &str = r#"
lock=$1; folder=$2; shift 2; idle=0
while [ $idle -lt 5 ]; do
    sleep 1
    if flock --nonblock --exclusive "$lock" true; then idle=$((idle + 1)); else idle=0; fi
done
exec 9<"$lock"
flock --exclusive 9
"$@"
rm -rf "$folder"
"#;

/// The URL of the server, which runs for as long as this process does.
pub(crate) fn url() -> Result<String> {
    static IN_USE: OnceLock<Result<(String, File), String>> = OnceLock::new();
    shared(&IN_USE, "stepwell-postgres", FAST)
}

/// The URL of another one, whose commits survive a power cut.
pub(crate) fn durable_url() -> Result<String> {
    static IN_USE: OnceLock<Result<(String, File), String>> = OnceLock::new();
    shared(&IN_USE, "stepwell-postgres-durable", DURABLE)
}

fn shared(in_use: &OnceLock<Result<(String, File), String>>, name: &str, more: &str) -> Result<String> {
    match in_use.get_or_init(|| share(name, more).map_err(|error| format!("{error:#}"))) {
        Ok((url, _)) => Ok(url.clone()),
        Err(error) => Err(anyhow::anyhow!("starting a private PostgreSQL: {error}")),
    }
}

fn share(name: &str, more: &str) -> Result<(String, File)> {
    let home = std::env::temp_dir().join(format!("{name}-{}", rustix::process::geteuid().as_raw()));
    fs::create_dir_all(&home).with_context(|| format!("making {}", home.display()))?;
    fs::set_permissions(&home, Permissions::from_mode(0o755))?;
    let in_use = open(&home.join("in-use"))?;
    in_use.lock_shared().context("locking the private server")?;
    let starting = open(&home.join("starting"))?;
    starting.lock().context("waiting for another test to start the server")?;
    let folder = home.join("server");
    if !is_running(&folder) {
        start(&home, &folder, more)?;
    }
    let url = format!("postgres://postgres@localhost/postgres?host={}", folder.display());
    Ok((url, in_use)) // `starting` is let go of here
}

fn open(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).with_context(|| format!("opening {}", path.display()))
}

/// Whether server and watcher are there.
fn is_running(folder: &Path) -> bool {
    let watcher = fs::read_to_string(folder.join("watcher")).unwrap_or_default();
    let watched = !watcher.is_empty() && Path::new("/proc").join(watcher.trim()).exists();
    watched && control(folder, &["status"]).is_ok_and(|mut status| programs::run(&mut status).is_ok())
}

fn start(home: &Path, folder: &Path, more: &str) -> Result<()> {
    if folder.exists() {
        // Left behind by a watcher that was killed.
        let _ = control(folder, &["stop", "--mode", "immediate"]).and_then(|mut stop| programs::run(&mut stop));
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir(folder)?;
    // Whoever the server runs as makes its data folder in it.
    fs::set_permissions(folder, Permissions::from_mode(0o1777))?;
    init(folder)?;
    let mut options = format!("-k {}", folder.display());
    SETTINGS
        .split_whitespace()
        .chain(more.split_whitespace())
        .for_each(|setting| options.push_str(&format!(" -c {setting}")));
    let log = folder.join("log").display().to_string();
    programs::run(&mut control(folder, &["start", "--wait", "--log", &log, "--options", &options])?)?;
    watch(home, folder)
}

/// Makes the data folder of a server.
pub(crate) fn init(folder: &Path) -> Result<()> {
    let mut initdb = programs::unprivileged(&programs::find("initdb")?);
    initdb.args([
        "--no-sync",
        "--auth",
        "trust",
        "--username",
        "postgres",
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
    ]);
    programs::run(initdb.arg("--pgdata").arg(data(folder)).current_dir(folder)).map(drop)
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

pub(crate) fn control(folder: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = programs::unprivileged(&programs::find("pg_ctl")?);
    command.arg("--pgdata").arg(data(folder)).args(arguments).current_dir(folder);
    Ok(command)
}

/// Starts the watcher in a session of its own, so that what ends the tests does not end it.
fn watch(home: &Path, folder: &Path) -> Result<()> {
    let stop = control(folder, &["stop", "--mode", "immediate"])?;
    let mut watcher = Command::new("setsid");
    watcher.args(["sh", "-c", WATCH, "watch"]).arg(home.join("in-use")).arg(folder);
    watcher.arg(stop.get_program()).args(stop.get_args()).current_dir("/");
    let quiet = watcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let watcher = quiet.spawn().context("starting a watcher for the private server")?;
    fs::write(folder.join("watcher"), watcher.id().to_string()).context("noting the watcher")
}
