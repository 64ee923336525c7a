//! From the database to a file.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use stepwell_core::Timestamp;

use super::file::Line;
use super::{FORMAT, Progress, Summary, TELL, TransferError, dump, schema};
use crate::dialect::DbConnection;
use crate::sql;

/// Begins a transaction that sees the database as it was when it first read.
async fn begin(db: &mut DbConnection) -> Result<(), TransferError> {
    let begin = if db.is_shared() { "begin isolation level repeatable read read only" } else { "begin" };
    Ok(db.control(begin).await?)
}

async fn refuse_nodes(db: &mut DbConnection, now: Timestamp) -> Result<(), TransferError> {
    let alive = sql::query("select count(*) as alive from node where lease_until > $1").bind(now.0);
    match alive.fetch_one(db).await?.named::<i64>("alive")? {
        0 => Ok(()),
        nodes => Err(TransferError::Running(nodes)),
    }
}

/// Writes everything, in a transaction that the caller ends.
pub(super) async fn run(
    db: &mut DbConnection,
    to: impl Write,
    now: Timestamp,
    tell: &mut impl FnMut(Progress<'_>),
) -> Result<Summary, TransferError> {
    begin(db).await?;
    refuse_nodes(db, now).await?;
    let mut to = GzEncoder::new(to, Compression::fast());
    say(&mut to, &Line::Head { format: FORMAT, schema: schema::version(db).await? })?;
    let tables = schema::tables(db).await?;
    let (mut summary, mut trailer) = (Summary::default(), Vec::with_capacity(tables.len()));
    for table in &tables {
        say(&mut to, &Line::Table { table: table.name.clone(), columns: table.columns.clone() })?;
        let seal = dump::lines(db, table, |line, before| {
            if before > 0 && before % TELL == 0 {
                tell(Progress::Rows(&table.name, before));
            }
            Ok(to.write_all(line)?)
        });
        let seal = seal.await?;
        tell(Progress::Table(&table.name, seal.rows));
        summary.rows += seal.rows;
        summary.tables += 1;
        trailer.push(seal);
    }
    say(&mut to, &Line::Trailer { trailer })?;
    to.finish()?.flush()?;
    Ok(summary)
}

fn say(to: &mut impl Write, line: &Line) -> Result<(), TransferError> {
    serde_json::to_writer(&mut *to, line).map_err(std::io::Error::from)?;
    Ok(to.write_all(b"\n")?)
}
