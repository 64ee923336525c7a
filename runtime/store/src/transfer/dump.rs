//! The rows of a table as lines, one after the other, with their count and hash.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::AssertSqlSafe;

use super::schema::Table;
use super::{TransferError, row};
use crate::dialect::DbConnection;
use crate::sql::DbRow;

/// What a trailer says about a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seal {
    pub(super) table: String,
    pub(super) rows: u64,
    /// Over the lines of the rows, in hex.
    pub(super) sha256: String,
}

/// Counts and hashes lines.
#[derive(Default)]
pub(super) struct Sealing {
    pub(super) rows: u64,
    hash: Sha256,
}

impl Sealing {
    pub(super) fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        self.hash.update(line);
    }

    pub(super) fn seal(self, table: &str) -> Seal {
        Seal { table: table.to_owned(), rows: self.rows, sha256: hex::encode(self.hash.finalize()) }
    }
}

/// Hands the line of each row of a table to `take`, in order, and how many there were before it.
pub(super) async fn lines(
    db: &mut DbConnection,
    table: &Table,
    mut take: impl FnMut(&[u8], u64) -> Result<(), TransferError>,
) -> Result<Seal, TransferError> {
    let (mut sealing, mut line) = (Sealing::default(), Vec::new());
    let mut rows = rows(db, table.select());
    while let Some(found) = rows.next().await {
        row::encode(table, &found?, &mut line)?;
        take(&line, sealing.rows)?;
        sealing.add(&line);
    }
    Ok(sealing.seal(&table.name))
}

/// The rows of a query as the driver gets them: a few at a time.
fn rows(db: &mut DbConnection, query: String) -> BoxStream<'_, Result<DbRow, sqlx::Error>> {
    match db {
        DbConnection::Sqlite(db) => {
            sqlx::query(AssertSqlSafe(query)).persistent(false).map(DbRow::Sqlite).fetch(&mut **db)
        }
        // A connection that runs statements on this thread reads all rows at once; a transfer is never given one.
        DbConnection::Direct(_) => Box::pin(stream::once(async { Err(sqlx::Error::PoolClosed) })),
        DbConnection::Postgres(session) => {
            sqlx::query(AssertSqlSafe(query)).persistent(false).map(DbRow::Postgres).fetch(&mut *session.connection)
        }
    }
}
