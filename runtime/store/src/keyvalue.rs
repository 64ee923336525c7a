//! What plugins keep. A bucket is `<step type>/<bucket>`.

use stepwell_core::WorkspaceId;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql;

/// The value of a key.
pub async fn get(
    conn: &mut Conn,
    workspace: WorkspaceId,
    bucket: &str,
    key: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let query = sql::query("select value from keyvalue where workspace_id = $1 and bucket = $2 and key = $3");
    Ok(query.bind(workspace.to_string()).bind(bucket).bind(key).value(conn.db()).await?)
}

/// Sets a key, whatever it had.
pub async fn set(
    conn: &mut Conn,
    workspace: WorkspaceId,
    bucket: &str,
    key: &str,
    value: &[u8],
) -> Result<(), StoreError> {
    sql::query(
        "insert into keyvalue (workspace_id, bucket, key, value) values ($1, $2, $3, $4)
         on conflict (workspace_id, bucket, key) do update set value = excluded.value",
    )
    .bind(workspace.to_string())
    .bind(bucket)
    .bind(key)
    .bind(value)
    .execute(conn.db())
    .await?;
    Ok(())
}

/// Deletes a key, whether it had a value or not.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, bucket: &str, key: &str) -> Result<(), StoreError> {
    let query = sql::query("delete from keyvalue where workspace_id = $1 and bucket = $2 and key = $3");
    query.bind(workspace.to_string()).bind(bucket).bind(key).execute(conn.db()).await?;
    Ok(())
}

/// Up to `limit` keys of a bucket after `after`, in order.
pub async fn keys(
    conn: &mut Conn,
    workspace: WorkspaceId,
    bucket: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let query = sql::query(
        "select key from keyvalue where workspace_id = $1 and bucket = $2 and ($3 is null or key > $3) order by key limit $4",
    );
    let query = query.bind(workspace.to_string()).bind(bucket).bind(after).bind(limit);
    Ok(query.values(conn.db()).await?)
}
