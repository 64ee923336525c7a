//! A connection to SQLite whose statements run on the thread that asks.
//!
//! sqlx gives each connection to a file a thread of its own, and every statement crosses to it and back. The committer, and
//! what a step reads before it runs, are many small statements: for them the way costs several times the work. They use this
//! connection, which is rusqlite's. Everything that may read much uses sqlx's, so that it never holds up other tasks.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};
use sqlx::Error;

use crate::direct_error::{unexpected, wrapped};
use crate::sql::Argument;

/// How a file is opened.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) path: PathBuf,
    /// Statements that set the connection up.
    pub(crate) pragmas: String,
    pub(crate) busy: Duration,
    /// Prepared statements that are kept.
    pub(crate) statements: usize,
}

/// A connection.
pub(crate) struct Direct(Connection);

impl Direct {
    /// Opens the file, which must exist.
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        open(options).map(Self).map_err(wrapped)
    }

    /// Runs a statement to its end and says how many rows it changed.
    pub(crate) fn execute(&self, text: &str, arguments: &[Argument]) -> Result<u64, Error> {
        let mut statement = self.bound(text, arguments)?;
        let mut rows = statement.raw_query();
        while rows.next().map_err(wrapped)?.is_some() {}
        Ok(self.0.changes())
    }

    /// How many rows were written since it was opened.
    pub(crate) fn rows_written(&self) -> u64 {
        self.0.total_changes()
    }

    /// Runs a statement and reads up to `limit` of its rows.
    pub(crate) fn fetch(&self, text: &str, arguments: &[Argument], limit: usize) -> Result<Vec<DirectRow>, Error> {
        let mut all = Vec::new();
        self.each(text, arguments, |row| {
            all.push(row);
            Ok::<_, Error>(all.len() < limit)
        })?;
        Ok(all)
    }

    /// Runs a statement and hands over its rows as they come, for as long as they are wanted.
    pub(crate) fn each<E: From<Error>>(
        &self,
        text: &str,
        arguments: &[Argument],
        mut take: impl FnMut(DirectRow) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut statement = self.bound(text, arguments)?;
        let columns: Arc<[String]> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(wrapped)? {
            let values = (0..columns.len()).map(|at| row.get(at)).collect::<Result<_, _>>().map_err(wrapped)?;
            if !take(DirectRow { columns: Arc::clone(&columns), values, next: Cell::new(0) })? {
                break;
            }
        }
        Ok(())
    }

    fn bound(&self, text: &str, arguments: &[Argument]) -> Result<CachedStatement<'_>, Error> {
        let mut statement = self.0.prepare_cached(&numbered(text)).map_err(wrapped)?;
        // A text may leave out the last of its arguments, as one that is the same for both databases.
        for (at, argument) in (1..=statement.parameter_count()).zip(arguments) {
            statement.raw_bind_parameter(at, argument).map_err(wrapped)?;
        }
        Ok(statement)
    }
}

fn open(options: &Options) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    connection.busy_timeout(options.busy)?;
    connection.set_prepared_statement_cache_capacity(options.statements);
    // Otherwise the plan may depend on what is bound, as to `limit $1`, and the statement is planned anew for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&options.pragmas)?;
    Ok(connection)
}

/// `?1` for `$1`. To SQLite the first is the parameter of this number, the second one with this name: the names get the numbers in
/// which they first stand. So a text in which that is their order is left as it is.
fn numbered(text: &str) -> Cow<'_, str> {
    if in_order(text) {
        return Cow::Borrowed(text);
    }
    let mut numbered = String::with_capacity(text.len());
    let mut parts = text.split('$');
    numbered.extend(parts.next());
    for part in parts {
        numbered.push(if part.starts_with(|first: char| first.is_ascii_digit()) { '?' } else { '$' });
        numbered.push_str(part);
    }
    Cow::Owned(numbered)
}

/// Whether the parameters first stand in the order of their numbers.
fn in_order(text: &str) -> bool {
    let mut most = 0;
    text.split('$').skip(1).all(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit);
        let number =
            digits.fold(0_u32, |number, digit| number.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
        let fits = (1..=most + 1).contains(&number);
        most = most.max(number);
        fits
    })
}

impl ToSql for Argument {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Number(Some(number)) => ValueRef::Integer(*number),
            Self::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            Self::Text(None) | Self::Number(None) | Self::Bytes(None) => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// A row that was read.
pub(crate) struct DirectRow {
    columns: Arc<[String]>,
    values: Vec<Value>,
    /// Where the next column is looked for first: columns are mostly asked for in their order.
    next: Cell<usize>,
}

impl DirectRow {
    /// A column by name.
    pub(crate) fn named<'r, T: FromDirect<'r>>(&'r self, column: &str) -> Result<T, Error> {
        let expected = self.next.get();
        let is_expected = self.columns.get(expected).is_some_and(|name| name == column);
        let found = if is_expected { Some(expected) } else { self.columns.iter().position(|name| name == column) };
        let place = found.ok_or_else(|| Error::ColumnNotFound(column.to_owned()))?;
        self.next.set(place + 1);
        self.get(place)
    }

    /// A column by its place, from 0.
    pub(crate) fn get<'r, T: FromDirect<'r>>(&'r self, place: usize) -> Result<T, Error> {
        let value =
            self.values.get(place).ok_or(Error::ColumnIndexOutOfBounds { index: place, len: self.values.len() })?;
        T::from_direct(value).ok_or_else(|| unexpected(place, value))
    }
}

/// What a value may be read as; none if it is of another kind.
pub(crate) trait FromDirect<'r>: Sized {
    fn from_direct(value: &'r Value) -> Option<Self>;
}

impl FromDirect<'_> for i64 {
    fn from_direct(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl<'r> FromDirect<'r> for &'r str {
    fn from_direct(value: &'r Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FromDirect<'_> for String {
    fn from_direct(value: &Value) -> Option<Self> {
        <&str>::from_direct(value).map(str::to_owned)
    }
}

impl<'r> FromDirect<'r> for &'r [u8] {
    fn from_direct(value: &'r Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl FromDirect<'_> for Vec<u8> {
    fn from_direct(value: &Value) -> Option<Self> {
        <&[u8]>::from_direct(value).map(<[u8]>::to_vec)
    }
}

impl<'r, T: FromDirect<'r>> FromDirect<'r> for Option<T> {
    fn from_direct(value: &'r Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_direct(value).map(Some),
        }
    }
}

/// Connections for small reads, opened when there is none, kept for the next.
#[derive(Clone)]
pub(crate) struct Shelf(Arc<Shelved>);

struct Shelved {
    options: Options,
    idle: Mutex<Vec<Direct>>,
}

/// Connections that are kept. A reader holds one only while its thread reads, so more than there are threads are of no use.
const KEPT: usize = 8;

impl Shelf {
    pub(crate) fn new(options: Options) -> Self {
        Self(Arc::new(Shelved { options, idle: Mutex::default() }))
    }

    /// A connection with a read transaction begun: all that is read is of one moment.
    pub(crate) fn take(&self) -> Result<Lent, Error> {
        let mut lent = self.take_for_one()?;
        lent.direct()?.execute("begin", &[])?;
        lent.begun = true;
        Ok(lent)
    }

    /// A connection to read one thing with.
    pub(crate) fn take_for_one(&self) -> Result<Lent, Error> {
        let idle = self.idle().pop();
        let direct = idle.map_or_else(|| Direct::open(&self.0.options), Ok)?;
        Ok(Lent { direct: Some(direct), home: Some(self.clone()), begun: false })
    }

    /// Closes what is kept.
    pub(crate) fn clear(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Direct>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back to where it was taken from when it is dropped.
pub(crate) struct Lent {
    /// There until it is dropped.
    direct: Option<Direct>,
    home: Option<Shelf>,
    /// A transaction was begun.
    begun: bool,
}

impl Lent {
    /// A connection of its own, which is closed when it is dropped.
    pub(crate) fn own(options: &Options) -> Result<Self, Error> {
        Ok(Self { direct: Some(Direct::open(options)?), home: None, begun: false })
    }

    pub(crate) fn direct(&self) -> Result<&Direct, Error> {
        self.direct.as_ref().ok_or(Error::PoolClosed)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(direct), Some(home)) = (self.direct.take(), self.home.take()) else { return };
        // One whose transaction does not end is closed.
        if !self.begun || direct.execute("commit", &[]).is_ok() {
            let mut idle = home.idle();
            if idle.len() < KEPT {
                idle.push(direct);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_planned_once_whatever_is_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("planned.db");
        std::fs::File::create(&path).expect("an empty database");
        let options = Options { path, pragmas: String::new(), busy: Duration::ZERO, statements: 1 };
        let direct = Direct::open(&options).expect("opened");
        let text = "select name from sqlite_schema order by name limit $1";
        for limit in 1..=3 {
            direct.fetch(text, &[Argument::Number(Some(limit))], usize::MAX).expect("read");
        }
        let statement = direct.0.prepare_cached(text).expect("kept");
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        assert_eq!(statement.get_status(StatementStatus::Run), 3, "it is the same statement");
    }

    #[test]
    fn parameters_are_found_by_their_number_in_whatever_order_they_stand() {
        assert_eq!(numbered("a = $2 and b = $1 and c = '$x'"), "a = ?2 and b = ?1 and c = '$x'");
        assert!(matches!(numbered("commit"), Cow::Borrowed(_)));
        assert!(matches!(numbered("a = $1 and b = $2 and c = $1 and d = $3"), Cow::Borrowed(_)));
        assert!(matches!(numbered("a = $1 and b = $3"), Cow::Owned(_)), "$2 is given all the same");
    }
}
