//! Opening SQLite: one file, one connection that writes, a few that read.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Error, Pool, Sqlite};

use crate::dialect::{DbPool, Pools};
use crate::direct::{self, Shelf};
use crate::error::StoreError;

/// Connections that read. Each is a thread and a page cache.
pub(crate) const READERS: u32 = 4;

/// The one node that works on a file.
pub(crate) const NODE: &str = "single";

/// How long a statement waits for another process (`stepwell key create`) to let go of the file.
const BUSY: Duration = Duration::from_secs(10);

/// Prepared statements kept a connection. Lists of different lengths are different statements.
const STATEMENTS: usize = 512;

/// Opens the file, creates it if there is none, and brings its schema up to date.
pub(crate) async fn open(url: &str, patience: Duration) -> Result<Pools, StoreError> {
    let failed = |cause| StoreError::Open { url: url.to_owned(), cause };
    let options = writer_options(url)?;
    let path = options.get_filename().to_owned();
    let first = pool(1, patience, options).await.map_err(failed)?;
    sqlx::migrate!("./migrations").run(&first).await?;
    let readers = pool(READERS, patience, reader_options(url)?).await.map_err(failed)?;
    first.close().await;
    Ok(Pools {
        readers: DbPool::Sqlite(readers),
        quick: DbPool::Shelf(Shelf::new(direct(&path, READS))),
        writer: DbPool::Direct(Arc::new(direct(&path, WRITES))),
        node: NODE.into(),
    })
}

/// An answer is given only for what survives a power cut. The journal mode is a property of the file. The log is written to the
/// file at 16 MiB; while somebody reads what is older it grows beyond, and is cut back to 32 MiB when it is begun anew.
const WRITES: &str = "pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory;
    pragma cache_size = -16384; pragma wal_autocheckpoint = 4000; pragma journal_size_limit = 33554432";

const READS: &str = "pragma query_only = on; pragma temp_store = memory";

/// One connection that writes, to a file that is made if it is not there and whose schema is brought up to date.
pub(crate) async fn alone(url: &str, patience: Duration) -> Result<DbPool, StoreError> {
    let failed = |cause| StoreError::Open { url: url.to_owned(), cause };
    let only = pool(1, patience, writer_options(url)?).await.map_err(failed)?;
    sqlx::migrate!("./migrations").run(&only).await?;
    Ok(DbPool::Sqlite(only))
}

fn direct(path: &Path, pragmas: &str) -> direct::Options {
    direct::Options { path: path.to_owned(), pragmas: pragmas.to_owned(), busy: BUSY, statements: STATEMENTS }
}

async fn pool(size: u32, patience: Duration, options: SqliteConnectOptions) -> Result<Pool<Sqlite>, Error> {
    let pool = PoolOptions::new().max_connections(size).min_connections(1).acquire_timeout(patience);
    // A connection to a file does not go stale, so nothing is tested before use or thrown away for its age.
    pool.test_before_acquire(false).idle_timeout(None).max_lifetime(None).connect_with(options).await
}

/// How to open the connection that makes the file what it should be.
fn writer_options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let options = options(url)?;
    create_private(options.get_filename());
    Ok(options.create_if_missing(true))
}

/// How to open the connections that read. They refuse to write.
fn reader_options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    Ok(options(url)?.create_if_missing(false).pragma("query_only", "on"))
}

/// Creates the file, if there is none, so that nobody else may read it: it holds secrets. The files beside it take over its
/// mode. What goes wrong here goes wrong again, with a better message, when the database is opened.
#[cfg(unix)]
fn create_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt;
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

#[cfg(not(unix))]
fn create_private(_: &Path) {}

fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let bad = || StoreError::BadUrl(url.to_owned());
    if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
        return Err(bad());
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| bad())?;
    Ok(options
        // Before the first table exists, or it has no effect: without it a pruned file never gets smaller.
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        // An answer is given only for what survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .pragma("temp_store", "memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_in_memory_is_refused() {
        assert!(matches!(writer_options("sqlite::memory:"), Err(StoreError::BadUrl(_))));
        assert!(matches!(writer_options("sqlite://x?mode=memory"), Err(StoreError::BadUrl(_))));
    }
}
