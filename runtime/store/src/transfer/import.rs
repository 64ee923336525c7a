//! From a file into an empty database.

use std::io::{BufRead, BufReader};

use flate2::bufread::GzDecoder;
use sqlx::AssertSqlSafe;

use super::dump::{Seal, Sealing};
use super::file::{Line, Lines};
use super::schema::Table;
use super::{FORMAT, Progress, Summary, TELL, TransferError, dump, row, schema};
use crate::dialect::DbConnection;
use crate::sql::{self, Argument, QueryBuilder};

/// What is sent to the database in one statement, at most: values (it takes 32,766) and bytes, beside the last row.
const VALUES: usize = 8_000;
const BYTES: usize = 1024 * 1024;

/// A table that is being read.
struct Filling<'t> {
    table: &'t Table,
    /// The lines of the file.
    read: Sealing,
    /// The lines as they are to be read back.
    meant: Sealing,
    batch: Vec<Vec<Argument>>,
    size: usize,
}

/// Stores everything, in a transaction that the caller ends.
pub(super) async fn run(
    db: &mut DbConnection,
    from: impl BufRead,
    tell: &mut impl FnMut(Progress<'_>),
) -> Result<Summary, TransferError> {
    let tables = begin(db).await?;
    let mut lines = Lines::new(BufReader::new(GzDecoder::new(from)));
    head(&mut lines, schema::version(db).await?)?;
    let mut import = Import { db, tables: &tables, filled: Vec::new(), read: Vec::new(), summary: Summary::default() };
    let trailer = import.fill(&mut lines, tell).await?;
    import.compare(&trailer)?;
    import.verify(tell).await?;
    Ok(import.summary)
}

/// Keeps everybody else out, and makes sure that there is nothing yet.
async fn begin(db: &mut DbConnection) -> Result<Vec<Table>, TransferError> {
    let begin = if db.is_shared() { "begin; set local synchronous_commit = on" } else { "begin immediate" };
    db.control(begin).await?;
    let tables = schema::tables(db).await?;
    if db.is_shared() {
        let names: Vec<_> = tables.iter().map(|table| format!("\"{}\"", table.name)).collect();
        let lock = format!("lock table {} in share row exclusive mode", names.join(", "));
        sql::query(AssertSqlSafe(lock)).persistent(false).execute(db).await?;
    }
    for table in &tables {
        let any = format!("select 1 from \"{}\" limit 1", table.name);
        if sql::query(AssertSqlSafe(any)).persistent(false).fetch_optional(db).await?.is_some() {
            return Err(TransferError::NotEmpty(table.name.clone()));
        }
    }
    Ok(tables)
}

fn head(lines: &mut Lines<impl BufRead>, expected: i64) -> Result<(), TransferError> {
    if !lines.next()? {
        return Err(TransferError::Cut);
    }
    match lines.parsed() {
        Ok(Line::Head { format, .. }) if format != FORMAT => {
            Err(TransferError::OtherFormat { found: format, expected: FORMAT })
        }
        Ok(Line::Head { schema, .. }) if schema != expected => {
            Err(TransferError::OtherSchema { found: schema, expected })
        }
        Ok(Line::Head { .. }) => Ok(()),
        _ => Err(lines.bad("this is no export of stepwell")),
    }
}

struct Import<'t> {
    db: &'t mut DbConnection,
    tables: &'t [Table],
    /// What is to be read back from each table.
    filled: Vec<(&'t Table, Seal)>,
    /// What was read of each table.
    read: Vec<Seal>,
    summary: Summary,
}

impl<'t> Import<'t> {
    /// Stores the rows of the file, and gives its trailer.
    async fn fill(
        &mut self,
        lines: &mut Lines<impl BufRead>,
        tell: &mut impl FnMut(Progress<'_>),
    ) -> Result<Vec<Seal>, TransferError> {
        let mut filling: Option<Filling<'t>> = None;
        loop {
            if !lines.next()? {
                return Err(TransferError::Cut);
            }
            if lines.line.starts_with(b"[") {
                let Some(open) = &mut filling else { return Err(lines.bad("a row outside of a table")) };
                self.row(open, lines).await?;
                if open.read.rows % TELL == 0 {
                    tell(Progress::Rows(&open.table.name, open.read.rows));
                }
                continue;
            }
            if let Some(open) = filling.take() {
                self.close(open, tell).await?;
            }
            match lines.parsed()? {
                Line::Table { table, columns } => filling = Some(self.open(&table, &columns, lines)?),
                Line::Trailer { trailer } if !lines.next()? => return Ok(trailer),
                Line::Trailer { .. } => return Err(lines.bad("something behind the trailer")),
                Line::Head { .. } => return Err(lines.bad("a second beginning")),
            }
        }
    }

    fn open(
        &self,
        name: &str,
        columns: &[(String, schema::Kind)],
        lines: &Lines<impl BufRead>,
    ) -> Result<Filling<'t>, TransferError> {
        let known = self.tables.iter().find(|table| table.name == name);
        let Some(table) = known else { return Err(lines.bad(format!("there is no table {name:?}"))) };
        if table.columns != columns {
            return Err(lines.bad(format!("the table {name} has other columns")));
        }
        if self.read.iter().any(|seal| seal.table == name) {
            return Err(lines.bad(format!("the table {name} for the second time")));
        }
        let (read, meant) = (Sealing::default(), Sealing::default());
        Ok(Filling { table, read, meant, batch: Vec::new(), size: 0 })
    }

    async fn row(&mut self, open: &mut Filling<'t>, lines: &Lines<impl BufRead>) -> Result<(), TransferError> {
        let mut values = row::decode(open.table, &lines.line).map_err(|problem| lines.bad(problem))?;
        open.read.add(&lines.line);
        match if self.db.is_shared() { row::mark(&mut values)? } else { None } {
            Some((line, marked)) => {
                open.meant.add(&line);
                self.summary.marked += marked;
            }
            None => open.meant.add(&lines.line),
        }
        open.size += row::size(&values);
        open.batch.push(values);
        if open.size >= BYTES || (open.batch.len() + 1) * open.table.columns.len() > VALUES {
            self.flush(open).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, open: &mut Filling<'t>) -> Result<(), TransferError> {
        if open.batch.is_empty() {
            return Ok(());
        }
        open.size = 0;
        let mut insert = QueryBuilder::new(open.table.insert());
        insert.push_values(open.batch.drain(..), |row, values| {
            for value in values {
                row.push_bind(value);
            }
        });
        insert.build().persistent(false).execute(self.db).await?;
        Ok(())
    }

    async fn close(&mut self, mut open: Filling<'t>, tell: &mut impl FnMut(Progress<'_>)) -> Result<(), TransferError> {
        self.flush(&mut open).await?;
        let name = &open.table.name;
        tell(Progress::Table(name, open.read.rows));
        self.summary.tables += 1;
        self.summary.rows += open.read.rows;
        self.read.push(open.read.seal(name));
        self.filled.push((open.table, open.meant.seal(name)));
        Ok(())
    }

    /// Whether the file is whole: every table is in it, with the rows that were exported.
    fn compare(&self, trailer: &[Seal]) -> Result<(), TransferError> {
        let damaged = self.tables.iter().find(|table| {
            let of = |seals: &[Seal]| seals.iter().find(|seal| seal.table == table.name).cloned();
            of(trailer).is_none() || of(trailer) != of(&self.read)
        });
        damaged.map_or(Ok(()), |table| Err(TransferError::Damaged(table.name.clone())))
    }

    /// Whether the database gives back what was stored.
    async fn verify(&mut self, tell: &mut impl FnMut(Progress<'_>)) -> Result<(), TransferError> {
        for (table, meant) in &self.filled {
            if dump::lines(self.db, table, |_, _| Ok(())).await? != *meant {
                return Err(TransferError::NotVerified(table.name.clone()));
            }
            tell(Progress::Verified(&table.name, meant.rows));
        }
        Ok(())
    }
}
