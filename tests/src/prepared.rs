//! A data folder in which every component is compiled already. Compiling them takes seconds, which each test would spend again;
//! so one server does it once for a build of the binary, and every test begins with a copy of what it left.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use stepwell_test_database::{Database, OwnServer};
use tempfile::TempDir;

use crate::client::Client;
use crate::database::{self, Shared, on_postgres};
use crate::python::workspace;
use crate::server::{Place, ServerOptions, binary, component_folder, launch, stop};

/// What the schema of the prepared server holds. With it goes the key under which the compiled code is accepted.
const SCHEMA: &str = "schema.sql";

/// A folder of its own for a server, with components compiled, and the schema that belongs to it.
pub(crate) async fn place() -> Place {
    let prepared = prepared().await;
    let database = on_postgres().then(|| Database::saved(&prepared.join(SCHEMA)).expect("a schema"));
    Place { data: copied(&prepared), database: database.map(Arc::new) }
}

/// A folder with components compiled, for another server on a schema that was prepared.
pub(crate) async fn beside(database: Shared) -> Place {
    Place { data: copied(&prepared().await), database: Some(database) }
}

/// The same on a PostgreSQL of the test's own.
pub(crate) async fn on_own(server: &OwnServer) -> Place {
    let prepared = prepared().await;
    let database = server.saved(&prepared.join(SCHEMA)).expect("a schema");
    Place { data: copied(&prepared), database: Some(Arc::new(database)) }
}

/// An empty folder, and an empty schema.
pub(crate) fn nothing() -> Place {
    Place { data: empty(), database: database::empty() }
}

/// An empty folder, and a database.
pub(crate) fn on(database: Database) -> Place {
    Place { data: empty(), database: Some(Arc::new(database)) }
}

fn copied(prepared: &Path) -> TempDir {
    let folder = empty();
    copy(prepared, folder.path()).expect("copying the prepared data");
    folder
}

/// An empty folder, on the same file system as the prepared one, so that files can be linked.
fn empty() -> TempDir {
    let place = root();
    fs::create_dir_all(&place).expect("a folder for the tests' data");
    tempfile::Builder::new().prefix("data-").tempdir_in(place).expect("a temporary folder")
}

fn root() -> PathBuf {
    workspace().join("target/tmp/e2e")
}

/// The prepared folder, made by the first process that asks while the others wait.
async fn prepared() -> PathBuf {
    let place = root();
    fs::create_dir_all(&place).expect("a folder for the tests' data");
    let lock = File::create(place.join("lock")).expect("a lock");
    lock.lock().expect("locking");
    let (kind, stamp) = (if on_postgres() { "postgres" } else { "sqlite" }, stamp());
    let ready = place.join(format!("prepared-{stamp}-{kind}"));
    if !ready.exists() {
        remove_old(&place, &format!("prepared-{stamp}-"));
        let prepared = nothing();
        compile_all(&prepared).await;
        if let Some(database) = &prepared.database {
            database.save(&prepared.data.path().join(SCHEMA)).expect("saving the schema");
        }
        fs::rename(prepared.data.keep(), &ready).expect("keeping the prepared data");
    }
    ready
}

/// Tells one build of the binary and the components from another.
fn stamp() -> String {
    let files = [binary()].into_iter().chain(fixtures());
    let times = files.map(|path| {
        let about = fs::metadata(&path).expect("a built file");
        let changed = about.modified().expect("a time").duration_since(UNIX_EPOCH).expect("a time after 1970");
        changed.as_millis().wrapping_add(u128::from(about.len()))
    });
    format!("{:x}", times.fold(0_u128, |sum, time| sum.wrapping_mul(31).wrapping_add(time)))
}

fn fixtures() -> Vec<PathBuf> {
    let folder = component_folder().join("fixtures");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Removes what was prepared for another build or left behind by tests that were killed, an hour ago or earlier.
fn remove_old(place: &Path, current: &str) {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    let is_old = |entry: &fs::DirEntry| {
        let changed = entry.metadata().and_then(|about| about.modified()).ok();
        changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > HOUR)
    };
    let entries = fs::read_dir(place).expect("the folder of the tests' data").flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        // Another run, of another build, may still begin with what is younger.
        let is_other = name.starts_with("prepared-") && !name.starts_with(current);
        if (is_other || name.starts_with("data-")) && is_old(&entry) {
            // Where a test of another run still uses it, it goes the next time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Starts a server that compiles what is built in, and has it look at the fixtures, which compiles these too.
async fn compile_all(place: &Place) {
    let key = format!("sk_{}", "0a".repeat(32));
    let mut running = launch(place, &key, &ServerOptions::default()).await;
    let client = Client::new(&running.address, Some(&key));
    for path in fixtures() {
        let request = client.request(reqwest::Method::POST, "/v1/plugins?dryRun=true");
        let request = request.header("content-type", "application/wasm").body(fs::read(&path).expect("a component"));
        client.send(request).await.expect(200);
    }
    stop(&mut running.process).await;
}

/// Links what never changes once it is written, compiled code, and copies the rest.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            fs::set_permissions(&target, entry.metadata()?.permissions())?;
            link_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn link_all(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::hard_link(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
