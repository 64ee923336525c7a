//! What the database itself can do: SQLite is given the rows that a server has left, in batches, with the server's settings and
//! nothing else in the way. No engine on this disk can store them faster.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};
use tokio::time::Instant;

use crate::quantiles::count;

/// Executions whose rows go into one transaction. 64 connections can have no more than 64 events in one commit, so that is what
/// a server is compared with.
pub(crate) const COMPARED: u64 = 64;
const BATCHES: [u64; 3] = [16, COMPARED, 256];

/// The longest time and the most executions for each of them.
const SPAN: Duration = Duration::from_secs(4);
const MOST: u64 = 40_000;

/// What an execution leaves, parents first.
const TABLES: [&str; 5] = ["contact", "event", "execution", "step_execution", "journal"];

/// How fast the database takes rows of executions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    /// Executions a transaction.
    pub(crate) batch: u64,
    /// Executions a second.
    pub(crate) a_second: f64,
    /// Transactions a second.
    pub(crate) commits: f64,
    /// Rows an execution.
    pub(crate) rows: f64,
}

/// Copies the rows of the executions in `from`, whose server has ended, into new files beside it.
pub(crate) async fn own_rates(from: &Path) -> Result<Vec<Own>> {
    let mut rates = Vec::new();
    for batch in BATCHES {
        rates.push(own_rate(from, batch).await.context("copying rows")?);
    }
    Ok(rates)
}

async fn own_rate(from: &Path, batch: u64) -> Result<Own> {
    let folder = tempfile::Builder::new().prefix("own-").tempdir_in(from.parent().context("a folder")?)?;
    let mut database = open(&folder.path().join("copy.db")).await?;
    execute(&mut database, &format!("attach '{}' as old", from.display())).await?;
    copy_schema(&mut database).await?;
    let lengths = lengths(&mut database).await?;
    let executions = lengths[2];
    let batches = executions.div_ceil(batch);
    let began = Instant::now();
    let mut done = 0;
    while done < batches && done * batch < MOST && began.elapsed() < SPAN {
        execute(&mut database, &copy_batch(&lengths, done, batches)).await?;
        done += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    let rows = count(lengths.iter().sum()) / count(executions.max(1));
    let copied = count(executions) * count(done) / count(batches.max(1));
    Ok(Own { batch, a_second: copied / seconds, commits: count(done) / seconds, rows })
}

/// As `stepwell-store` opens the connection that writes.
async fn open(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("cache_size", "-16384")
        .pragma("wal_autocheckpoint", "4000")
        .pragma("temp_store", "memory");
    Ok(options.connect().await?)
}

async fn execute(database: &mut SqliteConnection, statements: &str) -> Result<()> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(database).await?;
    Ok(())
}

/// Tables and indexes; not what SQLite and the migrations keep for themselves.
async fn copy_schema(database: &mut SqliteConnection) -> Result<()> {
    let query = "select sql from old.sqlite_master where sql is not null and name not like 'sqlite_%' and name not like '_sqlx%'
                 order by type = 'index'";
    let statements: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut *database).await?;
    execute(database, &statements.join(";")).await
}

/// How many rows each table has. Nothing was deleted, so they are numbered without gaps.
async fn lengths(database: &mut SqliteConnection) -> Result<[u64; TABLES.len()]> {
    let mut lengths = [0; TABLES.len()];
    for (length, table) in lengths.iter_mut().zip(TABLES) {
        let query = sqlx::AssertSqlSafe(format!("select coalesce(max(rowid), 0) from old.{table}"));
        *length = u64::try_from(sqlx::query_scalar::<_, i64>(query).fetch_one(&mut *database).await?)?;
    }
    Ok(lengths)
}

/// One transaction with the same share of each table. Parents are a few rows ahead of what refers to them.
fn copy_batch(lengths: &[u64; TABLES.len()], batch: u64, of: u64) -> String {
    let mut text = String::from("begin immediate;");
    for (table, length) in TABLES.iter().zip(lengths) {
        let ahead = if *table == "execution" { 16 } else { 0 };
        let until = |batch: u64| if batch == 0 { 0 } else { (length * batch / of + ahead).min(*length) };
        let (from, to) = (until(batch), until(batch + 1));
        text.push_str(&format!(
            "insert into main.{table} select * from old.{table} where rowid > {from} and rowid <= {to};"
        ));
    }
    text + "commit"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_take_every_row_once() {
        let lengths = [10, 10, 10, 45, 101];
        let bounds: Vec<(u64, u64)> =
            (0..3).map(|batch| bounds_of("journal", &copy_batch(&lengths, batch, 3))).collect();
        assert_eq!(bounds, [(0, 33), (33, 67), (67, 101)]);
        let ahead: Vec<_> = (0..3).map(|batch| bounds_of("execution", &copy_batch(&lengths, batch, 3))).collect();
        assert_eq!(ahead, [(0, 10), (10, 10), (10, 10)]);
    }

    fn bounds_of(table: &str, statements: &str) -> (u64, u64) {
        let statement = statements.split(';').find(|it| it.contains(&format!("main.{table} "))).expect("a statement");
        let (_, bounds) = statement.split_once("rowid > ").expect("bounds");
        let (from, to) = bounds.split_once(" and rowid <= ").expect("two bounds");
        (from.parse().expect("a number"), to.parse().expect("a number"))
    }
}
