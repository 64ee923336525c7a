//! The few places where databases differ. Everything else is one SQL text for both.
//!
//! On SQLite one connection writes and nobody else can: what a write has read stays true until it is committed. On PostgreSQL
//! other nodes write at the same time: what is read in order to be changed is read with a lock ([`locking`]), and what cannot
//! go on beside another node's transaction ([`DbConnection::take_conflict`]) is done again by the committer.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Error, Pool, Postgres, Sqlite};

use crate::conn::Conn;
use crate::direct::{self, Lent, Shelf};
use crate::error::StoreError;
use crate::{postgres, sql, sqlite};

/// What a store works with.
pub(crate) struct Pools {
    pub(crate) readers: DbPool,
    /// For reads that are few and small.
    pub(crate) quick: DbPool,
    pub(crate) writer: DbPool,
    /// The name under which this process holds leases.
    pub(crate) node: Arc<str>,
}

/// Opens the database that a URL names.
pub(crate) async fn open(url: &str, patience: Duration) -> Result<Pools, StoreError> {
    if is_postgres(url) { postgres::open(url, patience).await } else { sqlite::open(url, patience).await }
}

/// One connection to the database that a URL names, for commands.
pub(crate) async fn alone(url: &str, patience: Duration) -> Result<DbPool, StoreError> {
    if is_postgres(url) { postgres::alone(url, patience).await } else { sqlite::alone(url, patience).await }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Connections to either database.
#[derive(Clone)]
pub(crate) enum DbPool {
    Sqlite(Pool<Sqlite>),
    /// Opens a connection each time.
    Direct(Arc<direct::Options>),
    Shelf(Shelf),
    Postgres(Pool<Postgres>),
}

impl DbPool {
    pub(crate) async fn acquire(&self) -> Result<DbConnection, Error> {
        match self {
            Self::Sqlite(pool) => pool.acquire().await.map(DbConnection::Sqlite),
            Self::Direct(options) => Lent::own(options).map(DbConnection::Direct),
            Self::Shelf(shelf) => shelf.take().map(DbConnection::Direct),
            Self::Postgres(pool) => {
                let connection = pool.acquire().await?;
                Ok(DbConnection::Postgres(Session { connection, conflict: false }))
            }
        }
    }

    /// A connection to read one thing with.
    pub(crate) async fn acquire_for_one(&self) -> Result<DbConnection, Error> {
        match self {
            Self::Shelf(shelf) => shelf.take_for_one().map(DbConnection::Direct),
            other => other.acquire().await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Direct(_) => {}
            Self::Shelf(shelf) => shelf.clear(),
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A connection to either database.
pub(crate) enum DbConnection {
    Sqlite(PoolConnection<Sqlite>),
    Direct(Lent),
    Postgres(Session),
}

/// A connection to PostgreSQL, and whether a statement on it met another transaction.
pub(crate) struct Session {
    pub(crate) connection: PoolConnection<Postgres>,
    conflict: bool,
}

impl Session {
    /// Keeps in mind whether a statement failed only because of another transaction: serialization failure, deadlock, or a
    /// lock that was not to be had in time.
    pub(crate) fn noting<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Database(error)) = &result {
            self.conflict |= matches!(error.code().as_deref(), Some("40001" | "40P01" | "55P03"));
        }
        result
    }
}

impl DbConnection {
    /// Whether other nodes may write while this connection does.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether a statement met another transaction.
    pub(crate) fn has_conflict(&self) -> bool {
        matches!(self, Self::Postgres(session) if session.conflict)
    }

    /// The same, and forgets it: then the same work may go through the next time.
    pub(crate) fn take_conflict(&mut self) -> bool {
        match self {
            Self::Sqlite(_) | Self::Direct(_) => false,
            Self::Postgres(session) => std::mem::take(&mut session.conflict),
        }
    }

    pub(crate) async fn close(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Direct(_) => Ok(()),
            Self::Postgres(session) => session.connection.close().await,
        }
    }

    /// How many rows were written on this connection and how, to see whether something was since. None where that is not known.
    pub(crate) fn rows_written(&self) -> Option<u64> {
        match self {
            Self::Direct(lent) => lent.direct().ok().map(direct::Direct::rows_written),
            Self::Sqlite(_) | Self::Postgres(_) => None,
        }
    }

    /// Begins a transaction that may write. `alone`: for one job, which may then wait longer for what another node holds.
    pub(crate) async fn begin(&mut self, alone: bool) -> Result<(), Error> {
        match self {
            // Takes the write lock at once, so that it cannot fail later.
            Self::Sqlite(_) | Self::Direct(_) => self.control("begin immediate").await,
            Self::Postgres(_) => self.control(if alone { BEGIN_ALONE } else { BEGIN }).await,
        }
    }

    /// Runs a statement that controls the transaction. On PostgreSQL it may be several, sent as one.
    pub(crate) async fn control(&mut self, statement: &'static str) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) | Self::Direct(_) => sql::query(statement).execute(self).await.map(drop),
            Self::Postgres(session) => {
                let done = sqlx::raw_sql(statement).execute(&mut *session.connection).await;
                session.noting(done).map(drop)
            }
        }
    }
}

/// Begins a transaction on PostgreSQL.
///
/// A batch holds many locks: it gives up soon when it meets another node's, before the two wait for each other. The server
/// ends a transaction whose node is frozen or cut off, so that its locks do not outlive it. An answer is given only for what
/// survives a power cut, also where the server's default says otherwise.
macro_rules! begin {
    ($patience:literal) => {
        concat!(
            "begin isolation level read committed read write; set local lock_timeout = '",
            $patience,
            "'; set local idle_in_transaction_session_timeout = '10s';
            select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'"
        )
    };
}
const BEGIN: &str = begin!("200ms");
const BEGIN_ALONE: &str = begin!("5s");

/// A query that reads what the open transaction is about to change: where others may write, it waits for them and keeps them
/// out until the transaction has ended.
macro_rules! locking {
    ($conn:expr, $text:literal) => {
        if $conn.locks() { concat!($text, " for update") } else { $text }
    };
}
pub(crate) use locking;

/// What ends a subquery that picks rows to take: where others may write, it leaves out those that somebody is taking.
pub(crate) fn skip_locked(conn: &Conn) -> &'static str {
    if conn.locks() { " for update skip locked" } else { "" }
}

/// Gives up to `pages` freed pages back to the file system. Inside a transaction it is part of it. PostgreSQL does it by itself.
pub(crate) async fn give_back(conn: &mut Conn, pages: u32) -> Result<(), StoreError> {
    if conn.db().is_shared() {
        return Ok(());
    }
    let text = format!("pragma incremental_vacuum({pages})");
    // The pragma frees one page for each row that is stepped through, so all must be fetched.
    sql::query(sqlx::AssertSqlSafe(text)).persistent(false).fetch_all(conn.db()).await?;
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
}
