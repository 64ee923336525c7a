//! The real binary as a process: started on a free port with a database of its own, killed, restarted, stopped. On PostgreSQL
//! further servers may be started on the same database.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use stepwell_test_database::{Database, OwnServer};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::database::Shared;
use crate::prepared;
use crate::python::workspace;

/// How the server is started, beyond a free port and an empty folder.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    variables: Vec<(String, String)>,
    keep_log: bool,
    from_nothing: bool,
    through: Vec<String>,
}

impl ServerOptions {
    /// Sets a `STEPWELL_*` variable.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Keeps the log for [`Server::log`], in place of showing it.
    #[must_use]
    pub fn keep_log(mut self) -> Self {
        self.keep_log = true;
        self
    }

    /// Begins with an empty folder, so that all that a first start does is done.
    #[must_use]
    pub fn from_nothing(mut self) -> Self {
        self.from_nothing = true;
        self
    }

    /// Has another program start the server, as `setpriv … --` does: what is appended to these arguments is the server's own
    /// command line.
    #[must_use]
    pub fn through(mut self, program: &[&str]) -> Self {
        self.through = program.iter().map(|&part| part.to_owned()).collect();
        self
    }

    /// Starts a server.
    pub async fn start(self) -> Server {
        let place = if self.from_nothing { prepared::nothing() } else { prepared::place().await };
        Server::launch(place, new_key(), self).await
    }

    /// Starts a server on an empty database, in an empty folder.
    pub async fn start_on(self, database: Database) -> Server {
        Server::launch(prepared::on(database), new_key(), self).await
    }

    /// Starts a server on a PostgreSQL of the test's own. For tests on PostgreSQL.
    pub async fn start_on_own(self, database: &OwnServer) -> Server {
        Server::launch(prepared::on_own(database).await, new_key(), self).await
    }

    /// Starts another server on the database of one, which must be on PostgreSQL: with a data folder of its own, and the same
    /// key. The database lives as long as one of them does.
    pub async fn start_beside(self, other: &Server) -> Server {
        let database = other.place.database.clone().expect("a database that servers can share");
        Server::launch(prepared::beside(database).await, other.key.clone(), self).await
    }
}

/// A running server. Dropping it kills it and deletes its data.
pub struct Server {
    running: Running,
    key: String,
    place: Place,
    options: ServerOptions,
}

/// Where a server keeps what it keeps.
pub(crate) struct Place {
    pub(crate) data: TempDir,
    /// None for the file in the folder.
    pub(crate) database: Option<Shared>,
}

impl Place {
    /// Sets what a process needs to know to find it.
    fn tell(&self, command: &mut Command) {
        command.env("STEPWELL_DATA", self.data.path()).current_dir(self.data.path());
        if let Some(database) = &self.database {
            command.env("STEPWELL_DATABASE_URL", database.url());
        }
    }
}

/// One process of a server, from its start to its end.
pub(crate) struct Running {
    pub(crate) process: Child,
    pub(crate) address: String,
    /// The lines on standard output before it listened.
    printed: Vec<String>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server whose plugins may reach this machine, as every webhook peer is there.
    pub async fn start() -> Self {
        ServerOptions::default().start().await
    }

    /// Starts another server like this one on the same database, which must be PostgreSQL.
    pub async fn start_node(&self) -> Self {
        self.options.clone().start_beside(self).await
    }

    async fn launch(place: Place, key: String, options: ServerOptions) -> Self {
        let running = launch(&place, &key, &options).await;
        Self { running, key, place, options }
    }

    /// SIGKILL: no shutdown hook runs.
    pub async fn kill(&mut self) {
        self.running.process.kill().await.expect("killing the server");
    }

    /// SIGTERM, and the exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        stop(&mut self.running.process).await
    }

    /// Starts again on the same data. The port may be another.
    pub async fn restart(&mut self) {
        self.running = launch(&self.place, &self.key, &self.options).await;
    }

    /// SIGKILL and a start on the same data.
    pub async fn kill_and_restart(&mut self) {
        self.kill().await;
        self.restart().await;
    }

    /// Starts again on the same data, and is killed after so long, ready or not.
    pub async fn restart_and_kill(&mut self, after: Duration) {
        let mut process = command(&self.place, &self.key, &self.options).spawn().expect("starting the server");
        tokio::time::sleep(after).await;
        process.kill().await.expect("killing the server");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let id = self.process_id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a running server");
        kill_process(id, signal).expect("signalling the server");
    }

    /// `http://127.0.0.1:…`.
    pub fn address(&self) -> &str {
        &self.running.address
    }

    /// What it printed before it listened.
    pub fn printed(&self) -> &[String] {
        &self.running.printed
    }

    /// Its log so far, if it was started to keep it.
    pub fn log(&self) -> Vec<String> {
        self.running.log.lock().expect("log").clone()
    }

    /// The secret key that exists from the first start on.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The folder that holds everything durable, or what can be made again where the database is PostgreSQL.
    pub fn data(&self) -> &Path {
        self.place.data.path()
    }

    /// Its schema on PostgreSQL; none where the database is `stepwell.db` in its folder.
    pub fn schema(&self) -> Option<Arc<Database>> {
        self.place.database.clone()
    }

    /// Its database, as its settings name it.
    pub fn database_url(&self) -> String {
        let file = || format!("sqlite:{}", self.data().join("stepwell.db").display());
        self.place.database.as_ref().map_or_else(file, |database| database.url())
    }

    /// The process id, for measuring.
    pub fn process_id(&self) -> Option<u32> {
        self.running.process.id()
    }

    /// A client with the bootstrap key.
    pub fn client(&self) -> Client {
        Client::new(self.address(), Some(&self.key))
    }

    /// A client with another key, or none.
    pub fn client_with(&self, key: Option<&str>) -> Client {
        Client::new(self.address(), key)
    }

    /// Runs another command of the binary on the same data.
    pub async fn command(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(binary());
        self.place.tell(&mut command);
        command.args(arguments).output().await.expect("running the binary")
    }
}

#[allow(clippy::disallowed_methods, reason = "a key for a test may be any")]
fn new_key() -> String {
    format!("sk_{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// SIGTERM, and the exit code.
pub(crate) async fn stop(process: &mut Child) -> Option<i32> {
    let id = process.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a running server");
    kill_process(id, Signal::TERM).expect("signalling the server");
    process.wait().await.expect("waiting for the server").code()
}

fn command(place: &Place, key: &str, options: &ServerOptions) -> Command {
    let mut command = match options.through.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments).arg(binary());
            command
        }
        None => Command::new(binary()),
    };
    place.tell(&mut command);
    command
        .arg("serve")
        .env("STEPWELL_LISTEN", "127.0.0.1:0")
        .env("STEPWELL_BOOTSTRAP_KEY", key)
        .env("STEPWELL_ALLOW_NETWORK", "127.0.0.0/8")
        .envs(options.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(if options.keep_log { Stdio::piped() } else { Stdio::inherit() })
        .kill_on_drop(true);
    command
}

pub(crate) async fn launch(place: &Place, key: &str, options: &ServerOptions) -> Running {
    let mut process =
        command(place, key, options).spawn().unwrap_or_else(|error| panic!("starting {}: {error}", binary().display()));
    let log = Arc::<Mutex<Vec<String>>>::default();
    if let Some(stderr) = process.stderr.take() {
        let (mut lines, log) = (BufReader::new(stderr).lines(), log.clone());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log.lock().expect("log").push(line);
            }
        });
    }
    let mut lines = BufReader::new(process.stdout.take().expect("stdout")).lines();
    let mut printed = Vec::new();
    while let Some(line) = lines.next_line().await.expect("the server's stdout") {
        if let Some((_, address)) = line.split_once("listening on ") {
            let address = address.trim().to_owned();
            // Keep reading, or the pipe fills up and the server stands still.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Running { process, address, printed, log };
        }
        printed.push(line);
    }
    let log = log.lock().expect("log").join("\n");
    panic!("the server ended before it listened: {:?} {log}", process.wait().await);
}

/// The binary under test: `STEPWELL_TEST_BINARY`, else the debug build.
pub fn binary() -> PathBuf {
    let given = std::env::var_os("STEPWELL_TEST_BINARY").map(PathBuf::from);
    let binary = given.unwrap_or_else(|| workspace().join("target/debug/stepwell"));
    assert!(binary.exists(), "no binary at {}: run `cargo xtask test`, it builds it", binary.display());
    binary
}

/// A first-party component, built.
pub fn component(name: &str) -> Vec<u8> {
    read_component(&format!("{name}.wasm"))
}

/// A component of `tests/fixtures/plugins`, built.
pub fn fixture(name: &str) -> Vec<u8> {
    read_component(&format!("fixtures/{name}.wasm"))
}

fn read_component(file: &str) -> Vec<u8> {
    let path = component_folder().join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", path.display()))
}

/// Where `cargo xtask plugins` puts components.
pub(crate) fn component_folder() -> PathBuf {
    let folder = std::env::var_os("STEPWELL_COMPONENTS").map(PathBuf::from);
    folder.unwrap_or_else(|| workspace().join("target/components"))
}
