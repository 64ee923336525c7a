//! Deleting what is old or too much, in batches that hold up no write for long.
//!
//! How much goes in a batch is bounded three ways: by rows, by the bytes of what is kept apart, and by time. One execution may have
//! more than fits a batch; it goes in parts, its journal first.

use std::time::{Duration, Instant};

use stepwell_core::{Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::Read;
use crate::sql::{self, Query};

mod hidden;
mod parts;
mod space;
mod versions;

pub use hidden::hidden_definitions;
use parts::Which;
pub use space::{Spare, give_back};
pub use versions::{Versions, unused_versions, versions};

/// Events or messages of one statement.
const ROWS: u64 = 128;

/// What one batch may take.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// The most executions, events or messages.
    pub rows: u64,
    /// No statement is begun after this time.
    pub time: Duration,
}

/// What one batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many were deleted.
    pub deleted: u64,
    /// Whether there may be more: the batch ended because it was full, or somebody else is at the rest.
    pub more: bool,
}

/// How many executions of a workspace have ended.
pub async fn ended(conn: &mut Conn, workspace: WorkspaceId) -> Result<u64, StoreError> {
    let query =
        sql::query("select count(*) as amount from execution where workspace_id = $1 and completed_at is not null");
    query.bind(workspace.to_string()).fetch_one(conn.db()).await?.number("amount")
}

/// What a workspace has beyond a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// The bound.
    pub most: u64,
    /// So many ended executions are beyond it.
    pub over: u64,
    /// None of them ended later.
    pub until: Timestamp,
}

/// What a workspace has beyond `most` ended executions; none if nothing is. It counts all of them, in an index: for a reader.
pub async fn beyond(conn: &mut Conn, workspace: WorkspaceId, most: u64) -> Result<Option<Beyond>, StoreError> {
    let over = ended(conn, workspace).await?.saturating_sub(most);
    if over == 0 {
        return Ok(None);
    }
    let query = sql::query(
        "select completed_at from execution where workspace_id = $1 and completed_at is not null
         order by completed_at desc limit 1 offset $2",
    );
    let query = query.bind(workspace.to_string()).bind(i64::try_from(most).unwrap_or(i64::MAX));
    let until = query.value(conn.db()).await?.map(Timestamp);
    Ok(until.map(|until| Beyond { most, over, until }))
}

/// When the execution was started that ended first of those that are kept; none if no execution has ended.
pub async fn oldest(conn: &mut Conn, workspace: WorkspaceId) -> Result<Option<Timestamp>, StoreError> {
    let query = sql::query(
        "select started_at from execution where workspace_id = $1 and completed_at is not null
         order by completed_at limit 1",
    );
    Ok(query.bind(workspace.to_string()).value(conn.db()).await?.map(Timestamp))
}

/// Deletes executions that ended before a time, those that ended first before others, with their visits, waits and journal. A
/// contact that may enter once is still known afterwards.
pub async fn executions(
    conn: &mut Conn,
    workspace: WorkspaceId,
    before: Timestamp,
    batch: Batch,
) -> Result<Pruned, StoreError> {
    parts::delete(conn, &Which::Ended { workspace, before }, batch).await
}

/// Deletes executions of definitions that were deleted.
pub async fn deleted_definitions(conn: &mut Conn, batch: Batch) -> Result<Pruned, StoreError> {
    let began = Instant::now();
    let mut pruned = Pruned::default();
    while pruned.deleted < batch.rows && began.elapsed() < batch.time {
        let query = sql::query("select definition_id from deleted_definition order by deleted_at limit 1");
        let Some(id) = query.value::<String>(conn.db()).await? else { return Ok(pruned) };
        let left = Batch { rows: batch.rows - pruned.deleted, time: batch.time.saturating_sub(began.elapsed()) };
        pruned.deleted += deleted_definition(conn, &id, left).await?.deleted;
    }
    Ok(Pruned { more: true, ..pruned })
}

/// Deletes executions of one deleted definition; once none is left, the note that it was deleted goes too.
pub(crate) async fn deleted_definition(conn: &mut Conn, id: &str, batch: Batch) -> Result<Pruned, StoreError> {
    let pruned = parts::delete(conn, &Which::Of { definition: id }, batch).await?;
    if !pruned.more {
        sql::query("delete from entered where definition_id = $1").bind(id).execute(conn.db()).await?;
        sql::query("delete from deleted_definition where definition_id = $1").bind(id).execute(conn.db()).await?;
    }
    Ok(pruned)
}

/// Deletes events stored before a time, the oldest first.
pub async fn events(
    conn: &mut Conn,
    workspace: WorkspaceId,
    before: Timestamp,
    batch: Batch,
) -> Result<Pruned, StoreError> {
    let delete = || {
        sql::query(
            "delete from event where id in (select id from event where workspace_id = $1 and created_at < $2
             order by created_at limit $3)",
        )
    };
    rows(conn, workspace, before, batch, delete).await
}

/// Deletes messages that last changed before a time and are not to be tried again.
pub async fn messages(
    conn: &mut Conn,
    workspace: WorkspaceId,
    before: Timestamp,
    batch: Batch,
) -> Result<Pruned, StoreError> {
    let delete = || {
        sql::query(
            "delete from outbox_message where id in (select id from outbox_message where workspace_id = $1
             and next_at is null and updated_at < $2 order by updated_at limit $3)",
        )
    };
    rows(conn, workspace, before, batch, delete).await
}

/// Runs a statement that deletes up to so many rows until the batch is full or none is left.
async fn rows(
    conn: &mut Conn,
    workspace: WorkspaceId,
    before: Timestamp,
    batch: Batch,
    delete: impl Fn() -> Query + Send,
) -> Result<Pruned, StoreError> {
    let began = Instant::now();
    let mut pruned = Pruned::default();
    while pruned.deleted < batch.rows && began.elapsed() < batch.time {
        let limit = (batch.rows - pruned.deleted).min(ROWS);
        let query = delete().bind(workspace.to_string()).bind(before.0).bind(limit.cast_signed());
        let deleted = query.execute(conn.db()).await?.rows_affected();
        pruned.deleted += deleted;
        if deleted < limit {
            return Ok(pruned);
        }
    }
    Ok(Pruned { more: true, ..pruned })
}
