//! Opening PostgreSQL: shared by any number of nodes, each with one connection that writes and a few that read.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{Migration, Migrator};
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Error, PgConnection, Pool, Postgres, SqlSafeStr};

use crate::dialect::{DbPool, Pools};
use crate::error::StoreError;

/// Connections of a node that read.
const READERS: u32 = 8;

/// Prepared statements kept a connection. Lists of different lengths are different statements.
const STATEMENTS: usize = 512;

/// The oldest version that is supported, as the server numbers it.
const OLDEST: i32 = 150_000;

/// A connection that was idle for longer is tried before it is used: the server may have been restarted.
const STALE: Duration = Duration::from_secs(2);

/// Opens the database of the URL, which must exist, and brings its schema up to date.
pub(crate) async fn open(url: &str, patience: Duration) -> Result<Pools, StoreError> {
    let failed = |cause| StoreError::Open { url: without_password(url), cause };
    let options = options(url)?;
    let writer = pool(1, patience, options.clone()).await.map_err(failed)?;
    let node = greet(&writer).await.map_err(failed)?;
    migrations().run(&writer).await?;
    let read_only = options.options([("default_transaction_read_only", "on")]);
    let readers = pool(READERS, patience, read_only).await.map_err(failed)?;
    let quick = DbPool::Postgres(readers.clone());
    Ok(Pools { readers: DbPool::Postgres(readers), quick, writer: DbPool::Postgres(writer), node: node.into() })
}

/// One connection that writes, to a database whose schema is brought up to date.
pub(crate) async fn alone(url: &str, patience: Duration) -> Result<DbPool, StoreError> {
    let failed = |cause| StoreError::Open { url: without_password(url), cause };
    let only = pool(1, patience, options(url)?).await.map_err(failed)?;
    greet(&only).await.map_err(failed)?;
    migrations().run(&only).await?;
    Ok(DbPool::Postgres(only))
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::BadUrl(without_password(url)))?;
    let named = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("stepwell"),
    };
    // Whoever says something about statements in the URL means it: a pooler may not keep them.
    Ok(if url.contains("statement-cache-capacity") { named } else { named.statement_cache_capacity(STATEMENTS) })
}

async fn pool(size: u32, patience: Duration, options: PgConnectOptions) -> Result<Pool<Postgres>, Error> {
    let pool = PoolOptions::new().max_connections(size).min_connections(1).acquire_timeout(patience);
    let pool = pool.test_before_acquire(false).before_acquire(|connection: &mut PgConnection, about| {
        Box::pin(async move {
            if about.idle_for > STALE {
                connection.ping().await?;
            }
            Ok(true)
        })
    });
    pool.connect_with(options).await
}

/// Refuses a server that is too old, and gives the name under which this node is known until it is closed.
async fn greet(pool: &Pool<Postgres>) -> Result<String, Error> {
    let asked = "select current_setting('server_version_num')::int, current_setting('server_version'),
        gen_random_uuid()::text";
    let (number, name, node): (i32, String, String) = sqlx::query_as(asked).fetch_one(pool).await?;
    if number < OLDEST {
        return Err(Error::Configuration(format!("PostgreSQL 15 or later is needed; this is {name}").into()));
    }
    Ok(node)
}

/// The migrations with the words of PostgreSQL. Text is compared byte by byte, as SQLite does, whatever the database's
/// collation is.
fn migrations() -> Migrator {
    let all = sqlx::migrate!("./migrations");
    let translated = all.iter().map(|one| {
        let text = AssertSqlSafe(translated(one.sql.as_str())).into_sql_str();
        Migration::new(one.version, Cow::clone(&one.description), one.migration_type, text, one.no_tx)
    });
    Migrator::with_migrations(translated.collect())
}

fn translated(sql: &str) -> String {
    let lines = sql.lines().map(|line| {
        let (code, comment) = line.split_once("--").unwrap_or((line, ""));
        let code = code.replace(" blob", " bytea").replace(" text ", " text collate \"C\" ");
        let code = code.replace(" text,", " text collate \"C\",");
        if comment.is_empty() { code } else { format!("{code}--{comment}") }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A URL as it may be shown: without the password, wherever it stands.
fn without_password(url: &str) -> String {
    let url = match url.find("password=") {
        Some(at) => &format!("{}=…", &url[..at + "password".len()]),
        None => url,
    };
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (Some(at), Some(colon)) = (rest[..end].rfind('@'), rest[..end].find(':')) else { return url.to_owned() };
    if colon < at { format!("{scheme}://{}:…{}", &rest[..colon], &rest[at..]) } else { url.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("postgres://ada:secret@db:5432/x"), "postgres://ada:…@db:5432/x");
        assert_eq!(without_password("postgres://ada@db:5432/x"), "postgres://ada@db:5432/x");
        assert_eq!(without_password("postgres:///x?host=/run"), "postgres:///x?host=/run");
        assert_eq!(without_password("postgres://db/x?password=secret&user=ada"), "postgres://db/x?password=…");
        assert!(matches!(options("postgres://a:secret@[x"), Err(StoreError::BadUrl(url)) if !url.contains("secret")));
    }

    #[test]
    fn types_are_translated_and_comments_are_not() {
        assert_eq!(
            translated("a text not null,\nb text, -- JSON text \nc blob not null\n"),
            "a text collate \"C\" not null,\nb text collate \"C\", -- JSON text \nc bytea not null"
        );
    }
}
