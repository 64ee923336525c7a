//! What runs on this node as far as the database knows: where the dispatcher finds work that is not in its memory, after a
//! crash or because there was no room. Asked workspace by workspace, so that nobody's work stands behind somebody else's.

use stepwell_core::{ExecutionId, StepExecutionId, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::{self, DbRow};

/// A visit that is to run on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Of which execution.
    pub execution_id: ExecutionId,
    /// Which visit.
    pub id: StepExecutionId,
    /// Which run of it, as [`StepExecution::run`](stepwell_core::StepExecution::run) counts.
    pub run: u32,
    /// Since when it is due.
    pub run_at: Timestamp,
}

/// The workspaces that have visits to run on this node. On SQLite, where there is one node, those that ran when the server
/// stopped are among them.
pub async fn held(conn: &mut Conn) -> Result<Vec<WorkspaceId>, StoreError> {
    let query = sql::query(
        "select distinct workspace_id from step_execution
         where status = 'running' and run_at is not null and lease_owner = $1",
    );
    let node = conn.node().to_owned();
    row::all(query.bind(node).fetch_all(conn.db()).await?, |row| row.parsed("workspace_id"))
}

/// The workspaces that have visits which are pending and due at `now`, for any node to take. From one to the next by the index:
/// a hundred thousand visits of one are not looked at.
pub async fn due(conn: &mut Conn, now: Timestamp) -> Result<Vec<WorkspaceId>, StoreError> {
    let query = sql::query(
        "with recursive found (workspace_id) as (
             select min(workspace_id) from step_execution where status = 'pending' and run_at is not null
             union all
             select (select min(workspace_id) from step_execution
                     where status = 'pending' and run_at is not null and workspace_id > found.workspace_id)
             from found where found.workspace_id is not null)
         select workspace_id from found where workspace_id is not null and exists (
             select 1 from step_execution where status = 'pending' and run_at is not null
                 and step_execution.workspace_id = found.workspace_id and run_at <= $1)",
    );
    row::all(query.bind(now.0).fetch_all(conn.db()).await?, |row| row.parsed("workspace_id"))
}

/// Up to `limit` visits of a workspace that are to run on this node: the longest due first, behind the given one.
pub async fn of(
    conn: &mut Conn,
    workspace: WorkspaceId,
    after: Option<(Timestamp, StepExecutionId)>,
    limit: i64,
) -> Result<Vec<Queued>, StoreError> {
    let query = sql::query(
        "select id, workspace_id, execution_id, attempt, resumes, run_at from step_execution
         where status = 'running' and run_at is not null and run_at >= $1 and (run_at > $1 or id > $2)
             and workspace_id = $3 and lease_owner = $4
         order by run_at, id limit $5",
    );
    let (at, id) = after.map_or((i64::MIN, String::new()), |(at, id)| (at.0, id.to_string()));
    let query = query.bind(at).bind(id).bind(workspace.to_string()).bind(conn.node()).bind(limit);
    row::all(query.fetch_all(conn.db()).await?, read)
}

fn read(row: &DbRow) -> Result<Queued, StoreError> {
    Ok(Queued {
        workspace_id: row.parsed("workspace_id")?,
        execution_id: row.parsed("execution_id")?,
        id: row.parsed("id")?,
        run: row.number::<u32>("attempt")?.saturating_add(row.number("resumes")?),
        run_at: row.time("run_at")?,
    })
}
