//! The database takes no writes for a while: its disk is full, it cannot write, it may only be read. The server says so, refuses
//! what it cannot store, keeps what it has done, and goes on by itself.
//!
//! None of it needs rights that an ordinary user in a container has not:
//! - **A full disk** is a small file system in memory, mounted where only the server sees it (`unshare`), and filled through
//!   `/proc/<process>/root`. An ordinary user takes a user namespace for that. Where neither may be had, this one test says so
//!   and checks nothing; the next one checks the same on any machine.
//! - **A disk that does not write** is a limit on the size of files (`RLIMIT_FSIZE`), which can be set and lifted from outside
//!   while the server runs: every write beyond it fails.
//! - **A file that may only be read** is its mode. Root is bound by it once it has no capabilities (`setpriv`).

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, geteuid, getrlimit, prlimit};
use serde_json::{Value, json};
use stepwell_tests::{HttpPeer, Reply, Server, ServerOptions, Signal, binary, eventually};

use crate::killing::{Database, Flow, Load, Sent};

/// Mounts a file system of 48 MiB on the folder `disk`, moves the database there, if there is one, and runs a program.
const MOUNT: &str = "mkdir -p disk && mount -t tmpfs -o size=48m,mode=700 none disk && cp -p stepwell.db disk/ 2>&-
exec \"$@\"";

/// How to run a program that sees a file system of its own; none where that may not be had.
fn own_file_systems() -> Option<Vec<&'static str>> {
    let unshare = if geteuid().is_root() { vec!["unshare"] } else { vec!["unshare", "--user", "--map-root-user"] };
    let unshare = [unshare, vec!["--mount", "--"]].concat();
    let folder = tempfile::tempdir().expect("a folder");
    let mut trial = Command::new(unshare[0]);
    trial.args(&unshare[1..]).args(["sh", "-c", MOUNT, "sh", "true"]).current_dir(folder.path());
    let may = trial.output().is_ok_and(|output| output.status.success());
    may.then(|| [unshare, vec!["sh", "-c", MOUNT, "sh"]].concat())
}

/// How to run a program that is bound by the modes of files, whoever runs the tests.
fn bound_by_modes() -> &'static [&'static str] {
    if geteuid().is_root() { &["setpriv", "--inh-caps", "-all", "--bounding-set", "-all", "--"] } else { &["env"] }
}

/// From now on the server can write no file beyond its first `bytes`, or all of it again.
fn limit_files(server: &Server, bytes: Option<u64>) {
    let process = server.process_id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let limit = Rlimit { current: bytes, ..getrlimit(Resource::Fsize) };
    prlimit(process, Resource::Fsize, limit).expect("setting a limit");
}

async fn ready(server: &Server) -> Reply {
    server.client_with(None).get("/ready").await
}

/// Waits until the server says that it is not ready, and why.
async fn wait_for_trouble(server: &Server, code: &str) {
    eventually(&format!("{code} as the state of the server"), || async {
        let reply = ready(server).await;
        (reply.status == 503 && reply.code() == code && !reply.header("retry-after").is_empty()).then_some(())
    })
    .await;
}

async fn wait_until_ready(server: &Server) {
    eventually("a server that is ready", || async { (ready(server).await.status == 200).then_some(()) }).await;
}

/// Tracks an event, which is refused for the moment.
async fn is_refused(server: &Server, code: &str) {
    let reply =
        server.client().post("/v1/track", json!({ "event": "signed_up", "email": "refused@example.org" })).await;
    assert_eq!((reply.status, reply.code()), (503, code), "{:#}", reply.body);
    assert_ne!(reply.header("retry-after"), "", "{:#}", reply.body);
}

/// Under load, the database takes no writes between `begin` and `end`. Gives what must be found in it now.
async fn goes_on_by_itself(server: &Server, code: &str, begin: impl FnOnce(), end: impl FnOnce()) -> Outcome {
    let http = HttpPeer::start().await;
    let flow = Flow::create(&server.client(), &http).await;
    let load = Load::start(&[server]);
    load.wait_for_more(40).await;
    begin();
    wait_for_trouble(server, code).await;
    is_refused(server, code).await;
    let (accepted, refused) = (load.accepted(), load.refused());
    eventually("requests that are refused", || async { (load.refused() > refused + 40).then_some(()) }).await;
    assert!(load.accepted() <= accepted + 5, "events are accepted that cannot be stored");
    assert_eq!(server.client_with(None).get("/health").await.expect(200), json!({ "status": "ok" }));
    server.client().get("/workflows").await.expect(200);
    end();
    wait_until_ready(server).await;
    load.wait_for_more(40).await;
    let sent = load.finish().await;
    flow.wait_for_the_end(&server.client(), &sent).await;
    Outcome { flow, sent, http }
}

/// What was done while the database took no writes for a while.
struct Outcome {
    flow: Flow,
    sent: Vec<Sent>,
    http: HttpPeer,
}

impl Outcome {
    async fn check(&self, database: &Path) {
        let database = Database::File(database.to_owned());
        database.is_sound().await;
        self.flow.check(&database, &self.sent, &self.http).await;
        // Nothing ended in the middle, so nothing had to be done again: what a step had done waited for its commit.
        let wanted = self.sent.iter().filter(|sent| sent.is_wanted()).count();
        assert_eq!(self.http.received().len(), wanted, "webhooks that were repeated");
    }
}

/// Writes a file until the disk is full.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("a file on the disk");
    loop {
        match file.write_all(&[0; 4096]) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return,
            Err(error) => panic!("filling the disk: {error}"),
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_loses_nothing() {
    let Some(mount) = own_file_systems() else {
        eprintln!("not checked: nothing may be mounted here");
        return;
    };
    let options = ServerOptions::default().through(&mount).set("STEPWELL_DATABASE_URL", "sqlite:disk/stepwell.db");
    let server = options.start().await;
    let root = PathBuf::from(format!("/proc/{}/root", server.process_id().expect("a process")));
    let disk = root.join(server.data().strip_prefix("/").expect("an absolute path")).join("disk");
    let filler = disk.join("filler");
    let empty = || fs::remove_file(&filler).expect("removing the filler");
    let outcome = goes_on_by_itself(&server, "DATABASE_FULL", || fill(&filler), empty).await;
    // The disk goes with the server, and SQLite would not look for the files behind `root`.
    let copy = tempfile::tempdir().expect("a folder");
    server.signal(Signal::STOP);
    for name in ["stepwell.db", "stepwell.db-wal"] {
        fs::copy(disk.join(name), copy.path().join(name)).expect("copying the database");
    }
    server.signal(Signal::CONT);
    outcome.check(&copy.path().join("stepwell.db")).await;
}

#[tokio::test]
async fn a_disk_that_does_not_write_is_named_and_loses_nothing() {
    let server = Server::start().await;
    let (begin, end) = (|| limit_files(&server, Some(4096)), || limit_files(&server, None));
    let outcome = goes_on_by_itself(&server, "DATABASE_FAILING", begin, end).await;
    outcome.check(&server.data().join("stepwell.db")).await;
}

/// Lets the files of the database be written, or only read.
fn set_mode(folder: &Path, mode: u32) {
    for name in ["stepwell.db", "stepwell.db-wal", "stepwell.db-shm"] {
        let path = folder.join(name);
        if path.exists() {
            fs::set_permissions(path, Permissions::from_mode(mode)).expect("setting the mode");
        }
    }
}

#[tokio::test]
async fn a_database_that_may_only_be_read_is_named_and_loses_nothing() {
    let server = ServerOptions::default().through(bound_by_modes()).start().await;
    let database = server.data().join("stepwell.db");
    let begin = || set_mode(server.data(), 0o400);
    let end = || set_mode(server.data(), 0o600);
    // An open file stays open for writing. The one failure makes the server open it anew.
    limit_files(&server, Some(4096));
    wait_for_trouble(&server, "DATABASE_FAILING").await;
    begin();
    limit_files(&server, None);
    wait_for_trouble(&server, "DATABASE_READ_ONLY").await;
    is_refused(&server, "DATABASE_READ_ONLY").await;
    server.client().get("/workflows").await.expect(200);
    end();
    wait_until_ready(&server).await;
    server.client().track("signed_up", "ada@example.org", Value::Null).await;
    Database::File(database).is_sound().await;
}

#[tokio::test]
async fn a_server_does_not_start_on_a_database_that_may_only_be_read_and_says_why() {
    let mut server = Server::start().await;
    server.terminate().await;
    set_mode(server.data(), 0o400);
    let (program, arguments) = bound_by_modes().split_first().expect("a program");
    let mut start = Command::new(program);
    start.args(arguments).arg(binary()).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(server.data());
    let output = start.current_dir(server.data()).output().expect("starting it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("readonly database"), "{said}");
    set_mode(server.data(), 0o600);
    server.restart().await;
    wait_until_ready(&server).await;
    Database::File(server.data().join("stepwell.db")).is_sound().await;
}
