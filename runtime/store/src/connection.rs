//! Stored credentials. A secret goes in and comes out only for the plugin host.

use stepwell_core::{Connection, ConnectionId, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{Read, all, to_json};
use crate::sql::{DbRow, query};

/// What people may see of a stored credential.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionInfo {
    /// Which one.
    pub id: ConnectionId,
    /// The name that steps use.
    pub name: String,
    /// The host names the secret may be sent to.
    pub hosts: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Stores a new credential; `AlreadyExists` if the workspace has one of the name.
pub async fn insert(
    conn: &mut Conn,
    workspace: WorkspaceId,
    new: &ConnectionInfo,
    secret: &[u8],
) -> Result<(), StoreError> {
    query(
        "insert into connection (workspace_id, name, id, secret, hosts, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(workspace.to_string())
    .bind(&new.name)
    .bind(new.id.to_string())
    .bind(secret)
    .bind(to_json(&new.hosts)?)
    .bind(new.created_at.0)
    .bind(new.updated_at.0)
    .execute(conn.db())
    .await
    .map_err(|error| StoreError::unless_duplicate(error, || StoreError::AlreadyExists))?;
    Ok(())
}

/// The credentials of a workspace by name, without their secrets.
pub async fn list(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<ConnectionInfo>, StoreError> {
    let rows =
        query("select id, name, hosts, created_at, updated_at from connection where workspace_id = $1 order by name")
            .bind(workspace.to_string())
            .fetch_all(conn.db())
            .await?;
    all(rows, read)
}

/// How many credentials a workspace has.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<u64, StoreError> {
    let row = query("select count(*) as n from connection where workspace_id = $1")
        .bind(workspace.to_string())
        .fetch_one(conn.db())
        .await?;
    row.number("n")
}

/// Deletes a credential; false if there is none.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, id: ConnectionId) -> Result<bool, StoreError> {
    let done = query("delete from connection where workspace_id = $1 and id = $2")
        .bind(workspace.to_string())
        .bind(id.to_string())
        .execute(conn.db())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A credential by name with its secret, for the plugin host alone.
pub async fn secret(conn: &mut Conn, workspace: WorkspaceId, name: &str) -> Result<Option<Connection>, StoreError> {
    let row = query("select name, secret, hosts from connection where workspace_id = $1 and name = $2")
        .bind(workspace.to_string())
        .bind(name)
        .fetch_optional(conn.db())
        .await?;
    row.map(|row| Ok(Connection { name: row.raw("name")?, secret: row.raw("secret")?, hosts: row.json("hosts")? }))
        .transpose()
}

fn read(row: &DbRow) -> Result<ConnectionInfo, StoreError> {
    Ok(ConnectionInfo {
        id: row.parsed("id")?,
        name: row.raw("name")?,
        hosts: row.json("hosts")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
