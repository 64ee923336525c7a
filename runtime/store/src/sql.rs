//! Queries that either database takes: one text, typed arguments, rows that are read alike.
//!
//! sqlx's own `Any` driver would copy each row twice and takes no connection options, so this thin layer stands in its place:
//! arguments are kept as they were given until the connection says which database it is.

use std::fmt::Display;

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Decode, Error, Postgres, Row, SqlSafeStr, SqlStr, Sqlite, Type};

use crate::dialect::DbConnection;
use crate::direct::{DirectRow, FromDirect, Lent};

/// What a query is given. Each kind may be null, and a null has a type: PostgreSQL wants to know it.
#[derive(Debug)]
pub(crate) enum Argument {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// A row of either database.
pub(crate) enum DbRow {
    Sqlite(sqlx::sqlite::SqliteRow),
    Direct(DirectRow),
    Postgres(sqlx::postgres::PgRow),
}

impl DbRow {
    /// A column by name.
    pub(crate) fn named<'r, T: Column<'r>>(&'r self, column: &str) -> Result<T, Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Direct(row) => row.named(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A column by its place, from 0.
    pub(crate) fn try_get<'r, T: Column<'r>>(&'r self, place: usize) -> Result<T, Error> {
        match self {
            Self::Sqlite(row) => row.try_get(place),
            Self::Direct(row) => row.get(place),
            Self::Postgres(row) => row.try_get(place),
        }
    }
}

/// What a column may be read as.
pub(crate) trait Column<'r>:
    Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> + FromDirect<'r>
{
}

impl<'r, T> Column<'r> for T where
    T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> + FromDirect<'r>
{
}

/// What a statement did.
#[derive(Clone, Copy)]
pub(crate) struct Done(u64);

impl Done {
    pub(crate) fn rows_affected(self) -> u64 {
        self.0
    }
}

/// A statement with its arguments.
pub(crate) struct Query {
    text: SqlStr,
    arguments: Vec<Argument>,
    persistent: bool,
}

/// A statement without arguments yet.
pub(crate) fn query(text: impl SqlSafeStr) -> Query {
    Query { text: text.into_sql_str(), arguments: Vec::new(), persistent: true }
}

impl Query {
    pub(crate) fn bind(mut self, argument: impl Into<Argument>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Whether the statement is kept prepared.
    pub(crate) fn persistent(self, persistent: bool) -> Self {
        Self { persistent, ..self }
    }

    pub(crate) async fn execute(self, db: &mut DbConnection) -> Result<Done, Error> {
        match db {
            DbConnection::Sqlite(db) => {
                let query = sqlx::query_with(self.text, for_sqlite(self.arguments)?).persistent(self.persistent);
                query.execute(&mut **db).await.map(|done| Done(done.rows_affected()))
            }
            DbConnection::Direct(db) => db.direct()?.execute(self.text.as_str(), &self.arguments).map(Done),
            DbConnection::Postgres(db) => {
                let query = sqlx::query_with(self.text, for_postgres(self.arguments)?).persistent(self.persistent);
                let done = query.execute(&mut *db.connection).await;
                db.noting(done).map(|done| Done(done.rows_affected()))
            }
        }
    }

    pub(crate) async fn fetch_all(self, db: &mut DbConnection) -> Result<Vec<DbRow>, Error> {
        match db {
            DbConnection::Sqlite(db) => {
                let query = sqlx::query_with(self.text, for_sqlite(self.arguments)?).persistent(self.persistent);
                query.map(DbRow::Sqlite).fetch_all(&mut **db).await
            }
            DbConnection::Direct(db) => fetch(db, &self, usize::MAX).map(Iterator::collect),
            DbConnection::Postgres(db) => {
                let query = sqlx::query_with(self.text, for_postgres(self.arguments)?).persistent(self.persistent);
                let rows = query.map(DbRow::Postgres).fetch_all(&mut *db.connection).await;
                db.noting(rows)
            }
        }
    }

    pub(crate) async fn fetch_optional(self, db: &mut DbConnection) -> Result<Option<DbRow>, Error> {
        match db {
            DbConnection::Sqlite(db) => {
                let query = sqlx::query_with(self.text, for_sqlite(self.arguments)?).persistent(self.persistent);
                query.map(DbRow::Sqlite).fetch_optional(&mut **db).await
            }
            DbConnection::Direct(db) => fetch(db, &self, 1).map(|mut rows| rows.next()),
            DbConnection::Postgres(db) => {
                let query = sqlx::query_with(self.text, for_postgres(self.arguments)?).persistent(self.persistent);
                let row = query.map(DbRow::Postgres).fetch_optional(&mut *db.connection).await;
                db.noting(row)
            }
        }
    }

    /// The one column of a row that there may be.
    pub(crate) async fn value<T: for<'r> Column<'r>>(self, db: &mut DbConnection) -> Result<Option<T>, Error> {
        self.fetch_optional(db).await?.map(|row| row.try_get(0)).transpose()
    }

    /// The one column of all rows.
    pub(crate) async fn values<T: for<'r> Column<'r>>(self, db: &mut DbConnection) -> Result<Vec<T>, Error> {
        self.fetch_all(db).await?.iter().map(|row| row.try_get(0)).collect()
    }

    pub(crate) async fn fetch_one(self, db: &mut DbConnection) -> Result<DbRow, Error> {
        self.fetch_optional(db).await?.ok_or(Error::RowNotFound)
    }
}

fn fetch(db: &Lent, query: &Query, limit: usize) -> Result<impl Iterator<Item = DbRow> + use<>, Error> {
    let rows = db.direct()?.fetch(query.text.as_str(), &query.arguments, limit)?;
    Ok(rows.into_iter().map(DbRow::Direct))
}

fn for_sqlite(arguments: Vec<Argument>) -> Result<SqliteArguments, Error> {
    let mut all = SqliteArguments::default();
    all.reserve(arguments.len(), 0);
    for argument in arguments {
        let added = match argument {
            Argument::Text(text) => Arguments::add(&mut all, text),
            Argument::Number(number) => Arguments::add(&mut all, number),
            Argument::Bytes(bytes) => Arguments::add(&mut all, bytes),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(all)
}

fn for_postgres(arguments: Vec<Argument>) -> Result<PgArguments, Error> {
    let mut all = PgArguments::default();
    all.reserve(arguments.len(), 0);
    for argument in arguments {
        let added = match argument {
            Argument::Text(text) => all.add(text.map(without_nul)),
            Argument::Number(number) => all.add(number),
            Argument::Bytes(bytes) => all.add(bytes),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(all)
}

/// PostgreSQL has no text with U+0000 in it; what clients send may have.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// A statement that is put together.
pub(crate) struct QueryBuilder {
    text: String,
    arguments: Vec<Argument>,
}

impl QueryBuilder {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), arguments: Vec::new() }
    }

    /// Adds SQL. Never anything that somebody sent: that is bound.
    pub(crate) fn push(&mut self, text: impl Display) -> &mut Self {
        use std::fmt::Write;
        let _ = write!(self.text, "{text}"); // a String takes everything
        self
    }

    /// Adds an argument and the parameter that stands for it.
    pub(crate) fn push_bind(&mut self, argument: impl Into<Argument>) -> &mut Self {
        self.arguments.push(argument.into());
        self.push(format_args!("${}", self.arguments.len()))
    }

    /// Adds `values (…), (…)`, each row written by `row`. There must be at least one.
    pub(crate) fn push_values<T>(
        &mut self,
        rows: impl IntoIterator<Item = T>,
        mut row: impl FnMut(&mut Values<'_>, T),
    ) -> &mut Self {
        for (at, item) in rows.into_iter().enumerate() {
            self.push(if at == 0 { "values (" } else { ", (" });
            row(&mut Values { query: self, first: true }, item);
            self.push(")");
        }
        self
    }

    /// The statement as far as it is put together.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The statement.
    pub(crate) fn build(self) -> Query {
        Query { text: AssertSqlSafe(self.text).into_sql_str(), arguments: self.arguments, persistent: true }
    }
}

/// One row of `values`.
pub(crate) struct Values<'q> {
    query: &'q mut QueryBuilder,
    first: bool,
}

impl Values<'_> {
    /// Adds a value to the row.
    pub(crate) fn push_bind(&mut self, argument: impl Into<Argument>) -> &mut Self {
        if !std::mem::take(&mut self.first) {
            self.query.push(", ");
        }
        self.query.push_bind(argument);
        self
    }
}

macro_rules! argument {
    ($($kind:ident: $($type:ty)|+ => |$value:ident| $into:expr;)+) => {$($(
        impl From<$type> for Argument {
            fn from($value: $type) -> Self {
                Self::$kind($into)
            }
        }
    )+)+};
}

argument! {
    Text: String => |text| Some(text);
    Text: &str | &String => |text| Some(text.into());
    Text: Option<String> => |text| text;
    Text: Option<&str> => |text| text.map(Into::into);
    Text: &Option<String> => |text| text.clone();
    Number: i64 => |number| Some(number);
    Number: Option<i64> => |number| number;
    Bytes: &[u8] => |bytes| Some(bytes.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_the_order_of_their_arguments() {
        let mut query = QueryBuilder::new("insert into t (a, b) ");
        query.push_values([(1, "x"), (2, "y")], |row, (a, b)| {
            row.push_bind(i64::from(a)).push_bind(b);
        });
        query.push(" returning ").push_bind(None::<i64>);
        assert_eq!(query.text, "insert into t (a, b) values ($1, $2), ($3, $4) returning $5");
        assert_eq!(query.arguments.len(), 5);
    }

    #[test]
    fn text_that_postgresql_cannot_hold_is_marked_where_it_was() {
        assert_eq!(without_nul("a\0b".into()), "a\u{fffd}b");
        assert_eq!(without_nul("ab".into()), "ab");
    }
}
