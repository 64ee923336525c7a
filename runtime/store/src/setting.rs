//! Secrets of the server itself: made once, then the same for ever.

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql;

/// The value of a setting, made by `make` if there is none yet. Only inside a write.
pub async fn get_or_create(
    conn: &mut Conn,
    name: &str,
    make: impl FnOnce() -> Vec<u8> + Send,
) -> Result<Vec<u8>, StoreError> {
    if let Some(value) = get(conn, name).await? {
        return Ok(value);
    }
    let value = make();
    let query = sql::query("insert into setting (name, value) values ($1, $2) on conflict (name) do nothing");
    query.bind(name).bind(&value[..]).execute(conn.db()).await?;
    // Another node may have been first.
    Ok(get(conn, name).await?.unwrap_or(value))
}

/// The value of a setting, if there is one.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sql::query("select value from setting where name = $1").bind(name).value(conn.db()).await?)
}
