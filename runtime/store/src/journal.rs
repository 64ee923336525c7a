//! What happened to an execution.

use stepwell_core::{ExecutionId, JournalEntry, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read, maybe_json, maybe_text};
use crate::sql::{self, DbRow, QueryBuilder};

/// Entries of one statement; a statement has a bound on parameters.
const ROWS: usize = 200;

/// Up to `limit` entries of an execution after number `after`, in order; 0 begins at the first.
pub async fn page(
    conn: &mut Conn,
    workspace: WorkspaceId,
    execution: ExecutionId,
    after: i64,
    limit: i64,
) -> Result<Vec<JournalEntry>, StoreError> {
    let query = sql::query(
        "select * from journal where execution_id = $1 and workspace_id = $2 and number > $3 order by number limit $4",
    );
    let query = query.bind(execution.to_string()).bind(workspace.to_string()).bind(after).bind(limit);
    row::all(query.fetch_all(conn.db()).await?, read)
}

pub(crate) async fn insert(conn: &mut Conn, entries: &[JournalEntry]) -> Result<(), StoreError> {
    for part in entries.chunks(ROWS) {
        let mut rows = Vec::with_capacity(part.len());
        for entry in part {
            rows.push((entry, maybe_json(Some(&entry.data).filter(|data| !data.is_null()))?));
        }
        let mut query = QueryBuilder::new(
            "insert into journal (execution_id, number, workspace_id, at, kind, step_id, step_execution_id, data) ",
        );
        query.push_values(rows, |values, (entry, data)| {
            values.push_bind(entry.execution_id.to_string()).push_bind(entry.number);
            values.push_bind(entry.workspace_id.to_string()).push_bind(entry.at.0).push_bind(entry.kind.as_str());
            values.push_bind(maybe_text(entry.step_id)).push_bind(maybe_text(entry.step_execution_id));
            values.push_bind(data);
        });
        query.build().execute(conn.db()).await?;
    }
    Ok(())
}

fn read(row: &DbRow) -> Result<JournalEntry, StoreError> {
    Ok(JournalEntry {
        workspace_id: row.parsed("workspace_id")?,
        execution_id: row.parsed("execution_id")?,
        number: row.raw("number")?,
        at: row.time("at")?,
        kind: row.word("kind")?,
        step_id: row.maybe_parsed("step_id")?,
        step_execution_id: row.maybe_parsed("step_execution_id")?,
        data: row.maybe_json("data")?.unwrap_or_default(),
    })
}
