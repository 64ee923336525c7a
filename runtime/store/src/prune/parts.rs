//! Executions go in parts, each a few statements: what refers to an execution goes with it, and nobody knows how much that is.

use std::time::Instant;

use stepwell_core::{Timestamp, WorkspaceId};

use super::{Batch, Pruned};
use crate::conn::Conn;
use crate::dialect::skip_locked;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::{self, QueryBuilder};

/// The most executions of a part.
const EXECUTIONS: u64 = 32;

/// What the executions of a part may have together: bytes of outputs and states, and entries of journals with tasks.
const BYTES: i64 = 8 * 1024 * 1024;
const ENTRIES: i64 = 4_000;

/// How much goes at once of an execution that is more than a part by itself.
const LARGE_ENTRIES: i64 = 2_000;
const LARGE_VISITS: i64 = 200;

/// Which executions go.
pub(super) enum Which<'w> {
    /// Those of a workspace that ended before a time, in the order of their ends.
    Ended { workspace: WorkspaceId, before: Timestamp },
    /// All of a definition that was deleted.
    Of { definition: &'w str },
}

/// An execution that goes.
struct Old {
    id: String,
    bytes: i64,
    entries: i64,
}

/// Deletes part by part until the batch is full or nothing is left.
pub(super) async fn delete(conn: &mut Conn, which: &Which<'_>, batch: Batch) -> Result<Pruned, StoreError> {
    let began = Instant::now();
    let mut pruned = Pruned::default();
    while pruned.deleted < batch.rows && began.elapsed() < batch.time {
        let limit = (batch.rows - pruned.deleted).min(EXECUTIONS);
        let mut found = which.find(conn, limit.cast_signed()).await?;
        let all = found.len() as u64;
        found.truncate(fitting(&found));
        if let [only] = &found[..]
            && only.entries > ENTRIES
            && !shrink(conn, only).await?
        {
            continue;
        }
        pruned.deleted += found.len() as u64;
        let last = all < limit && found.len() as u64 == all;
        which.delete(conn, found).await?;
        if last {
            return Ok(pruned);
        }
    }
    Ok(Pruned { more: true, ..pruned })
}

/// How many of the first are a part; one at least.
fn fitting(found: &[Old]) -> usize {
    let (mut bytes, mut entries) = (0_i64, 0_i64);
    let fits = |old: &&Old| {
        bytes = bytes.saturating_add(old.bytes);
        entries = entries.saturating_add(old.entries);
        bytes <= BYTES && entries <= ENTRIES
    };
    found.iter().take_while(fits).count().max(1)
}

/// Deletes some of what a large execution has, and says whether the rest can go with it. Whoever looks at it meanwhile sees the
/// end of its journal.
async fn shrink(conn: &mut Conn, large: &Old) -> Result<bool, StoreError> {
    let entries = sql::query(
        "delete from journal where execution_id = $1 and number in
         (select number from journal where execution_id = $1 order by number limit $2)",
    );
    let deleted = entries.bind(&large.id).bind(LARGE_ENTRIES).execute(conn.db()).await?.rows_affected();
    if deleted > 0 {
        return Ok(false);
    }
    let visits = sql::query(
        "delete from step_execution where id in
         (select id from step_execution where execution_id = $1 order by created_at limit $2)",
    );
    let deleted = visits.bind(&large.id).bind(LARGE_VISITS).execute(conn.db()).await?.rows_affected();
    Ok(deleted == 0)
}

impl Which<'_> {
    async fn find(&self, conn: &mut Conn, limit: i64) -> Result<Vec<Old>, StoreError> {
        // Tasks count like entries: deleting one is as much work.
        let mut select = QueryBuilder::new(
            "select id, output_bytes, journal_length + (select count(*) from task where task.execution_id = execution.id)
             as entries from execution where ",
        );
        match self {
            Self::Ended { workspace, before } => {
                select.push("workspace_id = ").push_bind(workspace.to_string());
                select.push(" and completed_at < ").push_bind(before.0);
                select.push(" order by completed_at limit ").push_bind(limit).push(skip_locked(conn));
            }
            Self::Of { definition } => {
                select.push("definition_id = ").push_bind(*definition).push(" limit ").push_bind(limit);
            }
        }
        row::all(select.build().fetch_all(conn.db()).await?, |row| {
            Ok(Old { id: row.raw("id")?, bytes: row.raw("output_bytes")?, entries: row.raw("entries")? })
        })
    }

    async fn delete(&self, conn: &mut Conn, part: Vec<Old>) -> Result<(), StoreError> {
        if part.is_empty() {
            return Ok(());
        }
        let ids = || part.iter().map(|old| old.id.clone());
        if let Self::Ended { .. } = self {
            let mut keep = QueryBuilder::new(
                "insert into entered (workspace_id, definition_id, reentry_key)
                 select workspace_id, definition_id, reentry_key from execution where reentry_key is not null",
            );
            row::push_in(&mut keep, " and id in ", ids());
            keep.push(" on conflict (definition_id, reentry_key) do nothing");
            keep.build().execute(conn.db()).await?;
        }
        let mut delete = QueryBuilder::new("delete from execution where ");
        row::push_in(&mut delete, "id in ", ids());
        delete.build().execute(conn.db()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old(bytes: i64, entries: i64) -> Old {
        Old { id: String::new(), bytes, entries }
    }

    #[test]
    fn a_part_is_bounded_by_bytes_and_by_entries_and_is_never_empty() {
        assert_eq!(fitting(&[old(1, 1), old(1, 1)]), 2);
        assert_eq!(fitting(&[old(BYTES, 1), old(1, 1)]), 1);
        assert_eq!(fitting(&[old(1, ENTRIES - 1), old(1, 1), old(1, 1)]), 2);
        assert_eq!(fitting(&[old(BYTES * 4, ENTRIES * 4), old(1, 1)]), 1);
    }
}
