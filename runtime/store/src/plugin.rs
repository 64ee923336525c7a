//! Components and what they were granted. A plugin belongs to a workspace, or to all. Each change makes a new [`version`] of the
//! whole, so that nodes see with one small read whether others have changed something.

use stepwell_core::{Digest, Grant, PluginInfo, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::dialect::locking;
use crate::error::StoreError;
use crate::row::{self, Read, maybe_text, to_json, word};
use crate::sql::{self, DbRow};

/// The setting that counts changes.
const VERSION: &str = "plugin-version";

/// Another one after each change to any plugin; 0 at first.
pub async fn version(conn: &mut Conn) -> Result<u64, StoreError> {
    let value: Option<Vec<u8>> =
        sql::query("select value from setting where name = $1").bind(VERSION).value(conn.db()).await?;
    Ok(value.map_or(0, |value| number(&value)))
}

fn number(value: &[u8]) -> u64 {
    value.iter().fold(0, |number, &byte| (number << 8) | u64::from(byte))
}

async fn changed(conn: &mut Conn) -> Result<(), StoreError> {
    let query = sql::query("insert into setting (name, value) values ($1, $2) on conflict (name) do nothing");
    query.bind(VERSION).bind(&[0; 8][..]).execute(conn.db()).await?;
    let query = sql::query(locking!(conn, "select value from setting where name = $1"));
    let before: Option<Vec<u8>> = query.bind(VERSION).value(conn.db()).await?;
    let next = before.map_or(1, |value| number(&value).wrapping_add(1));
    let query = sql::query("update setting set value = $2 where name = $1");
    query.bind(VERSION).bind(&next.to_be_bytes()[..]).execute(conn.db()).await?;
    Ok(())
}

/// Stores a component under the workspace, source and grants that `plugin` names, in place of the same component if it is
/// there.
pub async fn insert(conn: &mut Conn, plugin: &PluginInfo, component: &[u8], now: Timestamp) -> Result<(), StoreError> {
    sql::query(
        "insert into plugin (digest, workspace_id, source, info, grants, component, installed_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (digest, coalesce(workspace_id, '')) do update set
         source = excluded.source, info = excluded.info, grants = excluded.grants, component = excluded.component,
         installed_at = excluded.installed_at",
    )
    .bind(plugin.digest.to_string())
    .bind(maybe_text(plugin.workspace_id))
    .bind(word(&plugin.source)?)
    .bind(to_json(plugin)?)
    .bind(to_json(&plugin.grants)?)
    .bind(component)
    .bind(now.0)
    .execute(conn.db())
    .await?;
    changed(conn).await
}

/// All plugins of all workspaces, those installed first first.
pub async fn list(conn: &mut Conn) -> Result<Vec<PluginInfo>, StoreError> {
    let query = sql::query("select workspace_id, source, info, grants from plugin order by installed_at, digest");
    row::all(query.fetch_all(conn.db()).await?, read)
}

/// The component of a plugin of a workspace, or of one that belongs to all.
pub async fn component(
    conn: &mut Conn,
    workspace: Option<WorkspaceId>,
    digest: Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let query = sql::query("select component from plugin where digest = $1 and coalesce(workspace_id, '') = $2");
    Ok(query.bind(digest.to_string()).bind(owner(workspace)).value(conn.db()).await?)
}

/// Replaces what a plugin was granted; false if there is none.
pub async fn set_grants(
    conn: &mut Conn,
    workspace: Option<WorkspaceId>,
    digest: Digest,
    grants: &[Grant],
) -> Result<bool, StoreError> {
    let query = sql::query("update plugin set grants = $3 where digest = $1 and coalesce(workspace_id, '') = $2");
    let query = query.bind(digest.to_string()).bind(owner(workspace)).bind(to_json(&grants)?);
    let found = query.execute(conn.db()).await?.rows_affected() > 0;
    changed(conn).await?;
    Ok(found)
}

/// Deletes a plugin; false if there is none. Definitions that are pinned to it keep the digest.
pub async fn delete(conn: &mut Conn, workspace: Option<WorkspaceId>, digest: Digest) -> Result<bool, StoreError> {
    let query = sql::query("delete from plugin where digest = $1 and coalesce(workspace_id, '') = $2");
    let found = query.bind(digest.to_string()).bind(owner(workspace)).execute(conn.db()).await?.rows_affected() > 0;
    changed(conn).await?;
    Ok(found)
}

/// The owner as the unique index has it.
fn owner(workspace: Option<WorkspaceId>) -> String {
    maybe_text(workspace).unwrap_or_default()
}

fn read(row: &DbRow) -> Result<PluginInfo, StoreError> {
    let info: PluginInfo = row.json("info")?;
    Ok(PluginInfo {
        workspace_id: row.maybe_parsed("workspace_id")?,
        source: row.word("source")?,
        grants: row.json("grants")?,
        ..info
    })
}
