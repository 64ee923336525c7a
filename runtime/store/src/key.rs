//! API keys. Only the hash of a key is stored, so a key can be checked and never shown again.

use serde::{Deserialize, Serialize};
use stepwell_core::{ApiKeyId, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{Read, all, to_json, word};
use crate::sql::{DbRow, query};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Everything its scopes allow; belongs on servers only.
    Secret,
    /// Sending events; may be in a browser.
    Public,
}

/// A stored key.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    /// Which one.
    pub id: ApiKeyId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// What it is for.
    pub kind: KeyKind,
    /// Its first characters.
    pub prefix: String,
    /// What people call it.
    pub name: String,
    /// What it may do: `resource:action`, `resource:*` or `*`.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// A key that may be used, and what the check of a request needs beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct UsableKey {
    /// The key.
    pub key: ApiKey,
    /// Whether its workspace takes no writes.
    pub workspace_disabled: bool,
}

/// Stores a new key under the SHA-256 of its text in hex; `AlreadyExists` if that is there.
pub async fn insert(conn: &mut Conn, key: &ApiKey, hash: &str) -> Result<(), StoreError> {
    query(
        "insert into api_key (id, workspace_id, kind, hash, prefix, name, scopes, created_at, last_used_at, revoked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(key.id.to_string())
    .bind(key.workspace_id.to_string())
    .bind(word(&key.kind)?)
    .bind(hash)
    .bind(&key.prefix)
    .bind(&key.name)
    .bind(to_json(&key.scopes)?)
    .bind(key.created_at.0)
    .bind(key.last_used_at.map(|at| at.0))
    .bind(key.revoked_at.map(|at| at.0))
    .execute(conn.db())
    .await
    .map_err(|error| StoreError::unless_duplicate(error, || StoreError::AlreadyExists))?;
    Ok(())
}

/// The key of this hash, unless it was revoked. The one query that names no workspace: it finds it.
pub async fn usable(conn: &mut Conn, hash: &str) -> Result<Option<UsableKey>, StoreError> {
    let row = query(
        "select k.*, w.disabled as workspace_disabled from api_key k join workspace w on w.id = k.workspace_id
         where k.hash = $1 and k.revoked_at is null",
    )
    .bind(hash)
    .fetch_optional(conn.db())
    .await?;
    row.map(|row| Ok(UsableKey { key: read(&row)?, workspace_disabled: row.flag("workspace_disabled")? })).transpose()
}

/// Every key of a workspace, revoked ones too, newest first.
pub async fn list(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<ApiKey>, StoreError> {
    let rows = query("select * from api_key where workspace_id = $1 order by created_at desc, id desc")
        .bind(workspace.to_string())
        .fetch_all(conn.db())
        .await?;
    all(rows, read)
}

/// Revokes a key for good and gives it back; one that was revoked before keeps its time. `None` if there is no such key.
pub async fn revoke(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<Option<ApiKey>, StoreError> {
    let row = query(
        "update api_key set revoked_at = coalesce(revoked_at, $3) where workspace_id = $1 and id = $2 returning *",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .bind(now.0)
    .fetch_optional(conn.db())
    .await?;
    row.as_ref().map(read).transpose()
}

/// Notes that a key was used.
pub async fn used(conn: &mut Conn, workspace: WorkspaceId, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
    query("update api_key set last_used_at = $3 where workspace_id = $1 and id = $2")
        .bind(workspace.to_string())
        .bind(id.to_string())
        .bind(now.0)
        .execute(conn.db())
        .await?;
    Ok(())
}

fn read(row: &DbRow) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        kind: row.word("kind")?,
        prefix: row.raw("prefix")?,
        name: row.raw("name")?,
        scopes: row.json("scopes")?,
        created_at: row.time("created_at")?,
        last_used_at: row.maybe_time("last_used_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
    })
}
