//! Why flows are closed: the catalogue of a workspace.

use stepwell_core::flow::Reason;
use stepwell_core::{Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::{self, DbRow, QueryBuilder};

/// Ids of one statement; a statement has a bound on parameters.
const ROWS: usize = 200;

/// A reason of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosingReason {
    /// Which one, in its workspace.
    pub id: String,
    /// In words.
    pub title: String,
    /// Whether it can be chosen.
    pub active: bool,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A change of a reason. A member that is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasonChange {
    /// In words.
    pub title: Option<String>,
    /// Whether it can be chosen.
    pub active: Option<bool>,
}

/// Stores a new reason; [`StoreError::AlreadyExists`] if the workspace has one of its id.
pub async fn insert(conn: &mut Conn, workspace: WorkspaceId, reason: &ClosingReason) -> Result<(), StoreError> {
    let done = sql::query(
        "insert into closing_reason (workspace_id, id, title, status, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (workspace_id, id) do nothing",
    )
    .bind(workspace.to_string())
    .bind(&reason.id)
    .bind(&reason.title)
    .bind(status(reason.active))
    .bind(reason.created_at.0)
    .bind(reason.updated_at.0)
    .execute(conn.db())
    .await?;
    if done.rows_affected() == 0 { Err(StoreError::AlreadyExists) } else { Ok(()) }
}

/// The reason of this id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: &str) -> Result<Option<ClosingReason>, StoreError> {
    let query = sql::query("select * from closing_reason where workspace_id = $1 and id = $2");
    let row = query.bind(workspace.to_string()).bind(id).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// Up to `limit` reasons that can be chosen, or all, in the order in which they were created.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    include_inactive: bool,
    limit: i64,
) -> Result<Vec<ClosingReason>, StoreError> {
    let mut select = QueryBuilder::new("select * from closing_reason where workspace_id = ");
    select.push_bind(workspace.to_string());
    if !include_inactive {
        select.push(" and status = 'ACTIVE'");
    }
    select.push(" order by created_at, id limit ").push_bind(limit);
    row::all(select.build().fetch_all(conn.db()).await?, read)
}

/// How many reasons a workspace has.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<u64, StoreError> {
    let query = sql::query("select count(*) as amount from closing_reason where workspace_id = $1");
    query.bind(workspace.to_string()).fetch_one(conn.db()).await?.number("amount")
}

/// Changes a reason: as it is now; `None` if there is none of this id.
pub async fn update(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: &str,
    change: &ReasonChange,
    now: Timestamp,
) -> Result<Option<ClosingReason>, StoreError> {
    sql::query(
        "update closing_reason set title = coalesce($3, title), status = coalesce($4, status), updated_at = $5
         where workspace_id = $1 and id = $2",
    )
    .bind(workspace.to_string())
    .bind(id)
    .bind(change.title.as_deref())
    .bind(change.active.map(status))
    .bind(now.0)
    .execute(conn.db())
    .await?;
    get(conn, workspace, id).await
}

/// Deletes a reason; false if there is none of this id. Flows that name it keep its title.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, id: &str) -> Result<bool, StoreError> {
    let query = sql::query("delete from closing_reason where workspace_id = $1 and id = $2");
    let done = query.bind(workspace.to_string()).bind(id).execute(conn.db()).await?;
    Ok(done.rows_affected() > 0)
}

/// The titles of these reasons, in the order in which they were asked for; those that there are not are left out.
pub async fn titles(conn: &mut Conn, workspace: WorkspaceId, ids: &[String]) -> Result<Vec<Reason>, StoreError> {
    let mut found: Vec<Reason> = Vec::new();
    for part in ids.chunks(ROWS) {
        let mut select = QueryBuilder::new("select id, title from closing_reason where workspace_id = ");
        select.push_bind(workspace.to_string());
        row::push_in(&mut select, " and id in ", part.iter().cloned());
        let rows = select.build().fetch_all(conn.db()).await?;
        found.extend(row::all(rows, |row| Ok(Reason { id: row.raw("id")?, title: row.raw("title")? }))?);
    }
    found.sort_by_key(|reason| ids.iter().position(|id| *id == reason.id));
    Ok(found)
}

fn status(active: bool) -> &'static str {
    if active { "ACTIVE" } else { "INACTIVE" }
}

fn read(row: &DbRow) -> Result<ClosingReason, StoreError> {
    Ok(ClosingReason {
        id: row.raw("id")?,
        title: row.raw("title")?,
        active: row.raw::<&str>("status")? == status(true),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
