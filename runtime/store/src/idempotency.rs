//! Requests that must not be done twice.

use stepwell_core::{Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::Read;
use crate::sql;

/// Whether a key may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It was free and is taken now.
    Fresh,
    /// It was used before.
    Reused {
        /// For what.
        request: String,
        /// When.
        at: Timestamp,
        /// What was answered; none while the request runs.
        status: Option<u16>,
    },
}

/// Takes a key for a request, for `ttl_ms` milliseconds.
pub async fn begin(
    conn: &mut Conn,
    workspace: WorkspaceId,
    key: &str,
    request: &str,
    now: Timestamp,
    ttl_ms: i64,
) -> Result<Begun, StoreError> {
    let taken = sql::query(
        "insert into idempotency_key (workspace_id, key, request, requested_at, status_code, expires_at)
         values ($1, $2, $3, $4, null, $5) on conflict (workspace_id, key) do update set request = excluded.request,
         requested_at = excluded.requested_at, status_code = null, expires_at = excluded.expires_at
         where idempotency_key.expires_at <= $4",
    )
    .bind(workspace.to_string())
    .bind(key)
    .bind(request)
    .bind(now.0)
    .bind(now.plus_millis(ttl_ms).0)
    .execute(conn.db())
    .await?;
    if taken.rows_affected() > 0 {
        return Ok(Begun::Fresh);
    }
    let query = sql::query("select * from idempotency_key where workspace_id = $1 and key = $2");
    let row = query.bind(workspace.to_string()).bind(key).fetch_one(conn.db()).await?;
    let status = row.raw::<Option<i64>>("status_code")?.and_then(|code| u16::try_from(code).ok());
    Ok(Begun::Reused { request: row.raw("request")?, at: row.time("requested_at")?, status })
}

/// Notes what the request that holds a key was answered.
pub async fn finish(conn: &mut Conn, workspace: WorkspaceId, key: &str, status_code: u16) -> Result<(), StoreError> {
    let query = sql::query("update idempotency_key set status_code = $3 where workspace_id = $1 and key = $2");
    query.bind(workspace.to_string()).bind(key).bind(i64::from(status_code)).execute(conn.db()).await?;
    Ok(())
}

/// Gives a key back, because its request was refused.
pub async fn free(conn: &mut Conn, workspace: WorkspaceId, key: &str) -> Result<(), StoreError> {
    let query = sql::query("delete from idempotency_key where workspace_id = $1 and key = $2");
    query.bind(workspace.to_string()).bind(key).execute(conn.db()).await?;
    Ok(())
}

/// Deletes up to `limit` keys that have run out, over all workspaces, and says how many.
pub async fn purge(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let done = sql::query(
        "delete from idempotency_key where expires_at <= $1 and (workspace_id, key) in
         (select workspace_id, key from idempotency_key where expires_at <= $1 order by expires_at limit $2)",
    )
    .bind(now.0)
    .bind(limit)
    .execute(conn.db())
    .await?;
    Ok(done.rows_affected())
}
