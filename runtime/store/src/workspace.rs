//! Tenants.

use stepwell_core::{Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::{self, DbRow};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Which one.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Whether it is switched off: nothing starts, nothing goes on.
    pub disabled: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Adds a workspace with the secret that signs its webhooks; [`StoreError::AlreadyExists`] if the id is taken.
pub async fn insert(conn: &mut Conn, workspace: &Workspace, webhook_secret: &[u8]) -> Result<(), StoreError> {
    sql::query(
        "insert into workspace (id, name, disabled, webhook_secret, created_at, updated_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(workspace.id.to_string())
    .bind(&workspace.name)
    .bind(i64::from(workspace.disabled))
    .bind(webhook_secret)
    .bind(workspace.created_at.0)
    .bind(workspace.updated_at.0)
    .execute(conn.db())
    .await
    .map_err(|error| StoreError::unless_duplicate(error, || StoreError::AlreadyExists))?;
    Ok(())
}

/// The workspace of this id.
pub async fn get(conn: &mut Conn, id: WorkspaceId) -> Result<Option<Workspace>, StoreError> {
    let query = sql::query("select id, name, disabled, created_at, updated_at from workspace where id = $1");
    let row = query.bind(id.to_string()).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// All workspaces, oldest first.
pub async fn list(conn: &mut Conn) -> Result<Vec<Workspace>, StoreError> {
    let query = sql::query("select id, name, disabled, created_at, updated_at from workspace order by created_at, id");
    row::all(query.fetch_all(conn.db()).await?, read)
}

/// Switches a workspace off or on; false if there is none of this id.
pub async fn set_disabled(
    conn: &mut Conn,
    id: WorkspaceId,
    disabled: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    conn.wrote(id.0);
    let query = sql::query("update workspace set disabled = $2, updated_at = $3 where id = $1");
    let done = query.bind(id.to_string()).bind(i64::from(disabled)).bind(now.0).execute(conn.db()).await?;
    Ok(done.rows_affected() > 0)
}

/// How long and how many ended executions a workspace keeps, where that is not what the server's settings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days after which they go; 0: never for their age; none: as the server says.
    pub days: Option<u32>,
    /// The most of them; 0: any number; none: as the server says.
    pub executions: Option<u64>,
}

/// What each workspace keeps, in the order of their ids.
pub async fn retention(conn: &mut Conn) -> Result<Vec<(WorkspaceId, Retention)>, StoreError> {
    let query = sql::query("select id, retention_days, retention_executions from workspace order by id");
    row::all(query.fetch_all(conn.db()).await?, |row| {
        let days = row.raw::<Option<i64>>("retention_days")?.map(|days| u32::try_from(days).unwrap_or(0));
        let executions = row.raw::<Option<i64>>("retention_executions")?.map(|most| u64::try_from(most).unwrap_or(0));
        Ok((row.parsed("id")?, Retention { days, executions }))
    })
}

/// Says what a workspace keeps; false if there is none of this id.
pub async fn set_retention(
    conn: &mut Conn,
    id: WorkspaceId,
    retention: Retention,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let query = sql::query(
        "update workspace set retention_days = $2, retention_executions = $3, updated_at = $4 where id = $1",
    );
    let executions = retention.executions.map(|most| i64::try_from(most).unwrap_or(i64::MAX));
    let query = query.bind(id.to_string()).bind(retention.days.map(i64::from)).bind(executions).bind(now.0);
    Ok(query.execute(conn.db()).await?.rows_affected() > 0)
}

/// The secret that signs a workspace's webhooks.
pub async fn webhook_secret(conn: &mut Conn, id: WorkspaceId) -> Result<Option<Vec<u8>>, StoreError> {
    let query = sql::query("select webhook_secret from workspace where id = $1");
    Ok(query.bind(id.to_string()).value(conn.db()).await?)
}

fn read(row: &DbRow) -> Result<Workspace, StoreError> {
    Ok(Workspace {
        id: row.parsed("id")?,
        name: row.raw("name")?,
        disabled: row.flag("disabled")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
