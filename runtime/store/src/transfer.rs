//! A whole database in one file, to move it from one kind of database to the other.
//!
//! The file is gzip over lines of JSON (`zcat` shows them):
//!
//! ```text
//! {"stepwell-export":1,"schema":2}                                     the version of this format, and the last migration
//! {"table":"workspace","columns":[["id","text"],["disabled","number"]]} for each table: what its rows consist of …
//! ["0197…",0]                                                           … and its rows, in the order of its primary key
//! {"trailer":[{"table":"workspace","rows":1,"sha256":"…"}]}             rows of each table, SHA-256 over their lines
//! ```
//!
//! Bytes are base64. A table that another one refers to comes before it. The same data gives the same file, whichever database
//! it comes from. Rows are streamed: no table is held in memory. What is read of a file is blocking I/O: this is for commands.

mod dump;
mod error;
mod export;
mod file;
mod import;
mod row;
mod schema;

use std::io::{BufRead, Write};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use stepwell_core::Timestamp;

use crate::dialect::{self, DbPool};

pub use error::TransferError;

/// The version of the file format.
const FORMAT: u32 = 1;

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often progress is told within a table, in rows.
const TELL: u64 = 100_000;

/// A database to export or to import into, with nobody else working on it.
pub struct Transfer(DbPool);

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'t> {
    /// So many rows of the table, with more to come.
    Rows(&'t str, u64),
    /// The table is done, with so many rows.
    Table(&'t str, u64),
    /// The rows of the table were read back and are what they should be.
    Verified(&'t str, u64),
}

/// What was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tables, those without rows included.
    pub tables: usize,
    /// Rows of all tables.
    pub rows: u64,
    /// Texts whose U+0000 became U+FFFD, since PostgreSQL has no such character.
    pub marked: u64,
}

impl Transfer {
    /// Opens a database that exists and brings its schema up to date.
    pub async fn source(url: &str) -> Result<Self, TransferError> {
        let missing = |options: SqliteConnectOptions| !Path::new(options.get_filename()).exists();
        if url.starts_with("sqlite:") && SqliteConnectOptions::from_str(url).is_ok_and(missing) {
            return Err(TransferError::NoDatabase(url.to_owned()));
        }
        Self::target(url).await
    }

    /// Opens a database, made if it is a file that is not there, and brings its schema up to date.
    pub async fn target(url: &str) -> Result<Self, TransferError> {
        Ok(Self(dialect::alone(url, PATIENCE).await?))
    }

    /// Writes everything to `to`, as it is at one instant. Refused while nodes are running at `now`: what they store afterwards
    /// would be missing.
    pub async fn export(
        &self,
        to: impl Write,
        now: Timestamp,
        mut tell: impl FnMut(Progress<'_>),
    ) -> Result<Summary, TransferError> {
        let mut db = self.0.acquire().await?;
        let written = export::run(&mut db, to, now, &mut tell).await;
        let _ = db.control("rollback").await; // nothing was written
        written
    }

    /// Stores everything of a file, into an empty database only, and reads it back before any of it can be seen. All is one
    /// transaction: if it fails or is interrupted the database is still empty, and the import can be run again.
    pub async fn import(
        &self,
        from: impl BufRead,
        mut tell: impl FnMut(Progress<'_>),
    ) -> Result<Summary, TransferError> {
        let mut db = self.0.acquire().await?;
        let read = import::run(&mut db, from, &mut tell).await;
        let ended = db.control(if read.is_ok() { "commit" } else { "rollback" }).await;
        let summary = read?;
        ended?;
        Ok(summary)
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.0.close().await;
    }
}
