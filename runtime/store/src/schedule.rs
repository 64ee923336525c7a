//! What cron starts, and when next.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_core::{DefinitionId, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::dialect::DbRow;
use crate::error::StoreError;
use crate::row::{self, Read, to_json, word};

/// A definition's schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Of which definition.
    pub definition_id: DefinitionId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The cron expression.
    pub cron: String,
    /// The IANA time zone it is in.
    pub time_zone: String,
    /// When it fires next; none for never again.
    pub next_at: Option<Timestamp>,
    /// What to do about firings that were missed.
    pub catch_up: CatchUp,
    /// What executions see as `event.*`.
    pub context: Value,
}

/// What to do about firings that were missed while no server ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// Nothing.
    Skip,
    /// Fire once for all of them.
    #[default]
    Once,
    /// Fire for each.
    All,
}

/// Stores a definition's schedule in place of the one it had.
pub async fn upsert(conn: &mut Conn, schedule: &Schedule) -> Result<(), StoreError> {
    sqlx::query(
        "insert into schedule (definition_id, workspace_id, cron, time_zone, next_at, catch_up, context)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (definition_id) do update set cron = excluded.cron,
         time_zone = excluded.time_zone, next_at = excluded.next_at, catch_up = excluded.catch_up,
         context = excluded.context where schedule.workspace_id = excluded.workspace_id",
    )
    .bind(schedule.definition_id.to_string())
    .bind(schedule.workspace_id.to_string())
    .bind(&schedule.cron)
    .bind(&schedule.time_zone)
    .bind(schedule.next_at.map(|time| time.0))
    .bind(word(&schedule.catch_up)?)
    .bind(to_json(&schedule.context)?)
    .execute(conn.db())
    .await?;
    Ok(())
}

/// The schedule of a definition.
pub async fn get(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
) -> Result<Option<Schedule>, StoreError> {
    let query = sqlx::query("select * from schedule where definition_id = $1 and workspace_id = $2");
    let row = query.bind(definition.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// Takes a definition's schedule away; false if it had none.
pub async fn remove(conn: &mut Conn, workspace: WorkspaceId, definition: DefinitionId) -> Result<bool, StoreError> {
    let query = sqlx::query("delete from schedule where definition_id = $1 and workspace_id = $2");
    let done = query.bind(definition.to_string()).bind(workspace.to_string()).execute(conn.db()).await?;
    Ok(done.rows_affected() > 0)
}

/// Up to `limit` schedules of enabled definitions that are due at `now`, the longest due first. Over all workspaces.
pub async fn due(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<Vec<Schedule>, StoreError> {
    let query = sqlx::query(
        "select s.* from schedule s join definition d on d.id = s.definition_id
         where s.next_at <= $1 and d.enabled = 1 order by s.next_at limit $2",
    );
    row::all(query.bind(now.0).bind(i64::from(limit)).fetch_all(conn.db()).await?, read)
}

/// When the next schedule of an enabled definition is due. Over all workspaces.
pub async fn next_at(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(
        "select min(s.next_at) as next_at from schedule s join definition d on d.id = s.definition_id
         where s.next_at is not null and d.enabled = 1",
    )
    .fetch_one(conn.db())
    .await?;
    row.maybe_time("next_at")
}

/// Takes the firing that is due at `fired` and sets the one after it; false if it was taken by somebody else or the schedule
/// has changed. Call it in the write that starts the execution, so that a firing is neither lost nor doubled.
pub async fn set_next(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    fired: Timestamp,
    next: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let done =
        sqlx::query("update schedule set next_at = $4 where definition_id = $1 and workspace_id = $2 and next_at = $3")
            .bind(definition.to_string())
            .bind(workspace.to_string())
            .bind(fired.0)
            .bind(next.map(|time| time.0))
            .execute(conn.db())
            .await?;
    Ok(done.rows_affected() > 0)
}

fn read(row: &DbRow) -> Result<Schedule, StoreError> {
    Ok(Schedule {
        definition_id: row.parsed("definition_id")?,
        workspace_id: row.parsed("workspace_id")?,
        cron: row.raw("cron")?,
        time_zone: row.raw("time_zone")?,
        next_at: row.maybe_time("next_at")?,
        catch_up: row.word("catch_up")?,
        context: row.json("context")?,
    })
}
