//! When definitions fire next. How they fire stands in the definition.

use serde_json::Value;
use stepwell_core::{DefinitionId, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::dialect::{locking, skip_locked};
use crate::error::StoreError;
use crate::row::{self, Read, to_json};
use crate::sql::{self, DbRow, QueryBuilder};

/// A firing to come, or one on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Of which definition.
    pub definition_id: DefinitionId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// When.
    pub next_at: Timestamp,
    /// How far a firing that takes several commits came; null while none is on its way.
    pub progress: Value,
}

/// Sets when a definition fires next. A firing that is on its way is given up.
pub async fn set(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    next_at: Timestamp,
) -> Result<(), StoreError> {
    sql::query(
        "insert into schedule (definition_id, workspace_id, next_at, progress) values ($1, $2, $3, null)
         on conflict (definition_id) do update set next_at = excluded.next_at, progress = null
         where schedule.workspace_id = excluded.workspace_id",
    )
    .bind(definition.to_string())
    .bind(workspace.to_string())
    .bind(next_at.0)
    .execute(conn.db())
    .await?;
    Ok(())
}

/// Notes how far the firing that is due came. Until the next [`set`] it stays due.
pub async fn set_progress(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    progress: &Value,
) -> Result<(), StoreError> {
    let query = sql::query("update schedule set progress = $3 where definition_id = $1 and workspace_id = $2");
    let query = query.bind(definition.to_string()).bind(workspace.to_string()).bind(to_json(progress)?);
    query.execute(conn.db()).await?;
    Ok(())
}

/// The next firing of a definition. Inside a write nobody else changes it until that has ended.
pub async fn get(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
) -> Result<Option<Entry>, StoreError> {
    let text = locking!(conn, "select * from schedule where definition_id = $1 and workspace_id = $2");
    let query = sql::query(text);
    let row = query.bind(definition.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// The same, or none while another node is at it.
pub async fn take(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
) -> Result<Option<Entry>, StoreError> {
    let mut select = QueryBuilder::new("select * from schedule where definition_id = ");
    select.push_bind(definition.to_string()).push(" and workspace_id = ").push_bind(workspace.to_string());
    select.push(skip_locked(conn));
    select.build().fetch_optional(conn.db()).await?.as_ref().map(read).transpose()
}

/// Keeps a definition from firing.
pub async fn remove(conn: &mut Conn, workspace: WorkspaceId, definition: DefinitionId) -> Result<(), StoreError> {
    let query = sql::query("delete from schedule where definition_id = $1 and workspace_id = $2");
    query.bind(definition.to_string()).bind(workspace.to_string()).execute(conn.db()).await?;
    Ok(())
}

/// Up to `limit` firings that are due at `now`, the longest due first. Over all workspaces.
pub async fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let query = sql::query("select * from schedule where next_at <= $1 order by next_at limit $2");
    row::all(query.bind(now.0).bind(limit).fetch_all(conn.db()).await?, read)
}

/// When the next firing is due. Over all workspaces.
pub async fn next(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let row = sql::query("select min(next_at) as next_at from schedule").fetch_one(conn.db()).await?;
    row.maybe_time("next_at")
}

fn read(row: &DbRow) -> Result<Entry, StoreError> {
    Ok(Entry {
        definition_id: row.parsed("definition_id")?,
        workspace_id: row.parsed("workspace_id")?,
        next_at: row.time("next_at")?,
        progress: row.maybe_json("progress")?.unwrap_or_default(),
    })
}
