//! Databases for tests. Each test has its own: a SQLite file in a temporary folder, or a schema on PostgreSQL.
//!
//! PostgreSQL is a private server that the first test starts and all test processes share, or the one of
//! `STEPWELL_TEST_POSTGRES_URL`.

mod programs;
mod server;

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A server to use in place of the private one. Every test makes a schema in the database and drops it at the end.
const URL: &str = "STEPWELL_TEST_POSTGRES_URL";

/// Which kind of database a test is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A schema on a server.
    Postgres,
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
            Kind::Postgres => Ok(Self(schema()?)),
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
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.0 {
            Inner::File(folder) => Some(folder.path()),
            Inner::Schema { .. } => None,
        }
    }
}

fn schema() -> Result<Inner> {
    let given = std::env::var(URL).ok().filter(|url| !url.is_empty());
    let (server, keep) = match given {
        Some(url) => (url, false),
        None => (server::url()?, true), // it goes with its server
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
