//! Addresses that get no marketing messages.

use stepwell_core::{Timestamp, WorkspaceId, normalise_email};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql;

/// Puts an address on the list; one that is there keeps its first reason.
pub async fn add(
    conn: &mut Conn,
    workspace: WorkspaceId,
    email: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql::query(
        "insert into suppression (workspace_id, email, reason, created_at) values ($1, $2, $3, $4)
         on conflict (workspace_id, email) do nothing",
    )
    .bind(workspace.to_string())
    .bind(normalise_email(email))
    .bind(reason)
    .bind(now.0)
    .execute(conn.db())
    .await?;
    Ok(())
}

/// Takes an address off the list; false if it was not on it.
pub async fn remove(conn: &mut Conn, workspace: WorkspaceId, email: &str) -> Result<bool, StoreError> {
    let query = sql::query("delete from suppression where workspace_id = $1 and email = $2");
    let done = query.bind(workspace.to_string()).bind(normalise_email(email)).execute(conn.db()).await?;
    Ok(done.rows_affected() > 0)
}

/// Whether an address is on the list, however it is written.
pub async fn contains(conn: &mut Conn, workspace: WorkspaceId, email: &str) -> Result<bool, StoreError> {
    let query = sql::query("select 1 from suppression where workspace_id = $1 and email = $2");
    let row = query.bind(workspace.to_string()).bind(normalise_email(email)).fetch_optional(conn.db()).await?;
    Ok(row.is_some())
}
