//! Databases for tests. Each test has its own: a SQLite file in a temporary folder, or a schema on PostgreSQL.
//!
//! PostgreSQL is a private server that the first test starts and all test processes share, or the one of
//! `STEPWELL_TEST_POSTGRES_URL`.

mod own;
mod programs;
mod server;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
pub use own::OwnServer;
use tempfile::{NamedTempFile, TempDir};

/// A server to use in place of the private one. Every test makes a schema in the database and drops it at the end.
const URL: &str = "STEPWELL_TEST_POSTGRES_URL";

/// What stands for the schema in a saved one.
const SAVED: &str = "test_saved_schema";

/// Which kind of database a test is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A schema on a server.
    Postgres,
    /// The same, on a server of its own whose commits survive a power cut: for measuring.
    DurablePostgres,
}

/// An empty database that is gone when this is dropped.
#[derive(Debug)]
pub struct Database(Inner);

#[derive(Debug)]
enum Inner {
    File(TempDir),
    Schema { server: String, name: String, keep: bool },
}

impl Database {
    /// An empty database.
    pub fn new(kind: Kind) -> Result<Self> {
        match kind {
            Kind::Sqlite => Ok(Self(Inner::File(tempfile::tempdir().context("making a folder for a database")?))),
            Kind::Postgres => Ok(Self(schema(server::url)?)),
            Kind::DurablePostgres => Ok(Self(schema(server::durable_url)?)),
        }
    }

    /// As the server's configuration has it.
    pub fn url(&self) -> String {
        match &self.0 {
            Inner::File(folder) => format!("sqlite://{}", folder.path().join("stepwell.db").display()),
            Inner::Schema { server, name, .. } => {
                let more = if server.contains('?') { '&' } else { '?' };
                format!("{server}{more}options=-csearch_path%3D{name}")
            }
        }
    }

    /// Where the file is; none for PostgreSQL.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Inner::File(folder) => Some(folder.path()),
            Inner::Schema { .. } => None,
        }
    }
}

/// What a schema of PostgreSQL holds, as a file from which others are made.
impl Database {
    /// Writes all that is in the schema to a file.
    pub fn save(&self, file: &Path) -> Result<()> {
        let Inner::Schema { server, name, .. } = &self.0 else { bail!("a file is copied as it is") };
        let mut dump = Command::new(programs::find("pg_dump")?);
        dump.args(["--no-owner", "--schema", name, "--dbname", server]);
        let text = programs::run(&mut dump)?.replace(name, SAVED);
        fs::write(file, text).with_context(|| format!("writing {}", file.display()))
    }

    /// A new schema with what was saved in a file.
    pub fn saved(file: &Path) -> Result<Self> {
        let database = Self::new(Kind::Postgres)?;
        database.fill(file)?;
        Ok(database)
    }

    /// Makes in an empty schema what was saved in a file.
    fn fill(&self, file: &Path) -> Result<()> {
        let Inner::Schema { server, name, .. } = &self.0 else { bail!("no schema was made") };
        let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let text = text.replace(&format!("CREATE SCHEMA {SAVED};"), "").replace(SAVED, name);
        let mut script = NamedTempFile::new().context("making a file")?;
        script.write_all(text.as_bytes()).context("writing a file")?;
        programs::script(server, script.path())
    }

    /// Runs SQL on it, and gives what it answers: a line a row, a bar between columns. On PostgreSQL only.
    pub fn sql(&self, text: &str) -> Result<String> {
        match &self.0 {
            Inner::Schema { .. } => programs::sql(&self.url(), text),
            Inner::File(_) => bail!("a file is not asked with psql"),
        }
    }
}

fn schema(private: fn() -> Result<String>) -> Result<Inner> {
    let given = std::env::var(URL).ok().filter(|url| !url.is_empty());
    let (server, keep) = match given {
        Some(url) => (url, false),
        None => (private()?, true), // it goes with its server
    };
    let name = unused_name()?;
    programs::sql(&server, &format!("create schema {name}"))?;
    Ok(Inner::Schema { server, name, keep })
}

#[allow(clippy::disallowed_methods)] // a name that no other test has
fn unused_name() -> Result<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("a clock before 1970")?;
    Ok(format!("test_{}_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed), now.as_micros()))
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Inner::Schema { server, name, keep: false } = &self.0
            && let Err(error) = programs::sql(server, &format!("drop schema {name} cascade"))
        {
            eprintln!("leaving a schema behind: {error:#}");
        }
    }
}
