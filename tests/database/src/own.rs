//! A PostgreSQL of a test's own, to be stopped and started while it is used. Its commits are as safe as in earnest.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{Database, Inner, programs, server, unused_name};

const SETTINGS: &str = "-c fsync=on -c full_page_writes=on -c listen_addresses= -c shared_buffers=64MB \
    -c log_min_messages=fatal";

/// The server. Dropping it stops it and deletes what it holds.
#[derive(Debug)]
pub struct OwnServer {
    folder: TempDir,
}

impl OwnServer {
    /// Starts a server that holds nothing.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("stepwell-own-").tempdir().context("making a folder")?;
        // Whoever the server runs as makes its data folder in it.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o1777))?;
        server::init(folder.path())?;
        let own = Self { folder };
        own.start_again()?;
        Ok(own)
    }

    /// Starts it on what it held when it was stopped.
    pub fn start_again(&self) -> Result<()> {
        let options = format!("-k {} {SETTINGS}", self.path().display());
        let log = self.path().join("log").display().to_string();
        self.control(&["start", "--wait", "--log", &log, "--options", &options])
    }

    /// Stops it in the middle of what it does, as a crash would: nobody is waited for, nothing is written down.
    pub fn stop_at_once(&self) -> Result<()> {
        self.control(&["stop", "--mode", "immediate"])
    }

    /// A new schema on it, with what was saved in a file.
    pub fn saved(&self, file: &Path) -> Result<Database> {
        let server = format!("postgres://postgres@localhost/postgres?host={}", self.path().display());
        let name = unused_name()?;
        programs::sql(&server, &format!("create schema {name}"))?;
        let database = Database(Inner::Schema { server, name, keep: true });
        database.fill(file)?;
        Ok(database)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn control(&self, arguments: &[&str]) -> Result<()> {
        programs::run(&mut server::control(self.path(), arguments)?).map(drop)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if let Err(error) = self.stop_at_once() {
            eprintln!("leaving a server behind: {error:#}");
        }
    }
}
