//! Definitions that were deleted while executions of theirs went on: they go with the last of these.

use std::time::Instant;

use stepwell_core::Timestamp;

use super::{Batch, Pruned};
use crate::conn::Conn;
use crate::dialect::skip_locked;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::{self, QueryBuilder};

/// Deletes definitions that [were hidden](crate::definition::set_deleted) before a time and have no executions any more. The time
/// has to be well in the past: somebody may be starting an execution of a definition that was read before it was hidden.
pub async fn hidden_definitions(conn: &mut Conn, before: Timestamp, batch: Batch) -> Result<Pruned, StoreError> {
    let began = Instant::now();
    let found = without_executions(conn, before, batch.rows).await?;
    let mut pruned = Pruned { deleted: 0, more: found.len() as u64 == batch.rows };
    for (id, workspace) in found {
        if began.elapsed() >= batch.time {
            return Ok(Pruned { more: true, ..pruned });
        }
        for statement in [
            "delete from step_counter where definition_id = $1 and workspace_id = $2",
            "delete from entered where definition_id = $1 and workspace_id = $2",
            "delete from definition where id = $1 and workspace_id = $2",
        ] {
            sql::query(statement).bind(&id).bind(&workspace).execute(conn.db()).await?;
        }
        pruned.deleted += 1;
    }
    Ok(pruned)
}

async fn without_executions(
    conn: &mut Conn,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut select = QueryBuilder::new("select id, workspace_id from definition where deleted_at < ");
    select.push_bind(before.0);
    select.push(" and deleted_at is not null");
    select.push(" and not exists (select 1 from execution where execution.definition_id = definition.id)");
    select.push(" order by deleted_at limit ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    select.push(skip_locked(conn));
    row::all(select.build().fetch_all(conn.db()).await?, |row| Ok((row.raw("id")?, row.raw("workspace_id")?)))
}
