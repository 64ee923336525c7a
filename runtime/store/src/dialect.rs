//! The few places where databases differ. Everything else is one SQL text for all.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::conn::Conn;
use crate::error::StoreError;

/// The database this build speaks to.
pub(crate) type Db = sqlx::Sqlite;

/// A connection to it.
pub(crate) type DbConnection = sqlx::SqliteConnection;

/// A row of it.
pub(crate) type DbRow = sqlx::sqlite::SqliteRow;

/// A query with its arguments.
pub(crate) type DbQuery<'q> = sqlx::query::Query<'q, Db, <Db as sqlx::Database>::Arguments>;

/// Begins a transaction that may write: on SQLite one that takes the write lock at once, so that it cannot fail later.
pub(crate) const BEGIN: &str = "begin immediate";

/// How long a statement waits for another process (`stepwell key create`) to let go of the file.
const BUSY: Duration = Duration::from_secs(10);

/// Prepared statements kept a connection. Lists of different lengths are different statements.
const STATEMENTS: usize = 512;

/// How to open the one connection that writes.
pub(crate) fn writer_options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let options = options(url)?;
    create_private(options.get_filename());
    Ok(options.create_if_missing(true).pragma("cache_size", "-16384").pragma("wal_autocheckpoint", "4000"))
}

/// How to open the connections that read. They refuse to write.
pub(crate) fn reader_options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
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

/// Gives up to `pages` freed pages back to the file system. Inside a transaction it is part of it.
pub(crate) async fn give_back(conn: &mut Conn, pages: u32) -> Result<(), StoreError> {
    let text = format!("pragma incremental_vacuum({pages})");
    // The pragma frees one page for each row that is stepped through, so all must be fetched.
    sqlx::query(sqlx::AssertSqlSafe(text)).persistent(false).fetch_all(conn.db()).await?;
    Ok(())
}

/// A pattern for `lower(x) like lower($n) escape '\'` that finds `text` anywhere, whatever characters it has.
/// Bounded, because a database refuses patterns that are too long.
pub(crate) fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars().take(500) {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_stands_for_itself() {
        assert_eq!(contains(r"50%_\x"), r"%50\%\_\\x%");
    }

    #[test]
    fn a_database_in_memory_is_refused() {
        assert!(matches!(writer_options("sqlite::memory:"), Err(StoreError::BadUrl(_))));
        assert!(matches!(writer_options("postgres://x"), Err(StoreError::BadUrl(_))));
    }
}
