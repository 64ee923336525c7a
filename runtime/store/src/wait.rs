//! What visits wait for. A row is there exactly while its visit waits.

use stepwell_core::{ContactId, Execution, StepExecutionId, Timestamp, Wait, WorkspaceId, canonical_name};

mod nudge;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read, maybe_json, maybe_text};
use crate::sql::{self, DbRow, QueryBuilder};
use crate::task;

pub use nudge::{NUDGED_AT_ONCE, nudge, nudge_watchers};

/// Rows or ids of one statement; a statement has a bound on parameters.
const ROWS: usize = 200;

/// The wait of a visit.
pub async fn get(
    conn: &mut Conn,
    workspace: WorkspaceId,
    step_execution: StepExecutionId,
) -> Result<Option<Wait>, StoreError> {
    let query = sql::query("select * from wait where step_execution_id = $1 and workspace_id = $2");
    let query = query.bind(step_execution.to_string()).bind(workspace.to_string());
    query.fetch_optional(conn.db()).await?.as_ref().map(read).transpose()
}

/// Up to `limit` waits that end by time at or before `now`, the longest due first. Over all workspaces.
pub async fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Wait>, StoreError> {
    let query = sql::query("select * from wait where due_at <= $1 order by due_at limit $2");
    row::all(query.bind(now.0).bind(limit).fetch_all(conn.db()).await?, read)
}

/// Up to `limit` waits that end by time at or before `now`, the longest due first, without those whose execution another node is
/// changing at this moment. Inside a write nobody else ends them until that has ended. Over all workspaces.
pub async fn take_due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Wait>, StoreError> {
    // First the execution, then its visits and waits: the order in which every write locks them.
    let locked = if conn.locks() { " for update of execution skip locked" } else { "" };
    let mut select = QueryBuilder::new("select wait.* from wait join execution on execution.id = wait.execution_id");
    select.push(" where wait.due_at <= ").push_bind(now.0).push(" order by wait.due_at limit ");
    select.push_bind(limit).push(locked);
    row::all(select.build().fetch_all(conn.db()).await?, read)
}

/// The waits of a contact that an event of any of these names may end, oldest first. Aliases count as the name they stand for.
pub async fn for_event(
    conn: &mut Conn,
    workspace: WorkspaceId,
    contact: ContactId,
    names: &[&str],
) -> Result<Vec<Wait>, StoreError> {
    let mut select = QueryBuilder::new("select * from wait where workspace_id = ");
    select.push_bind(workspace.to_string()).push(" and contact_id = ").push_bind(contact.to_string());
    row::push_in(&mut select, " and event_name in ", row::canonical(names));
    select.push(" and event_name is not null order by created_at, step_execution_id");
    row::all(select.build().fetch_all(conn.db()).await?, read)
}

pub(crate) async fn insert(conn: &mut Conn, waits: &[Wait]) -> Result<(), StoreError> {
    for part in waits.chunks(ROWS) {
        let mut rows = Vec::with_capacity(part.len());
        for wait in part {
            let ended_by = maybe_json(wait.ended_by.as_ref())?;
            rows.push((wait, maybe_json(wait.event.as_ref())?, maybe_json(wait.task.as_ref())?, ended_by));
        }
        let mut query = QueryBuilder::new(
            "insert into wait (step_execution_id, workspace_id, execution_id, contact_id, due_at, event_name, event, task,
             created_at, ended_by) ",
        );
        query.push_values(rows, |values, (wait, event, task, ended_by)| {
            let name = wait.event.as_ref().map(|event| canonical_name(&event.name).to_owned());
            values.push_bind(wait.step_execution_id.to_string()).push_bind(wait.workspace_id.to_string());
            values.push_bind(wait.execution_id.to_string()).push_bind(maybe_text(wait.contact_id));
            values.push_bind(wait.due_at.map(|time| time.0)).push_bind(name);
            values.push_bind(event).push_bind(task).push_bind(wait.created_at.0).push_bind(ended_by);
        });
        query.build().execute(conn.db()).await?;
    }
    Ok(())
}

/// Deletes waits of an execution that are over. Those for a person were tasks: nobody needs to do them any more, unless what is stored
/// afterwards says that somebody did.
pub(crate) async fn remove(conn: &mut Conn, of: &Execution, over: &[StepExecutionId]) -> Result<(), StoreError> {
    for part in over.chunks(ROWS) {
        let mut query = QueryBuilder::new("delete from wait where workspace_id = ");
        query.push_bind(of.workspace_id.to_string());
        row::push_in(&mut query, " and step_execution_id in ", part.iter().map(StepExecutionId::to_string));
        query.push(" returning case when task is null then null else step_execution_id end as asked");
        let rows = query.build().fetch_all(conn.db()).await?;
        let asked = row::all(rows, |row| row.raw::<Option<String>>("asked"))?;
        task::over(conn, of, &asked.into_iter().flatten().collect::<Vec<_>>()).await?;
    }
    Ok(())
}

fn read(row: &DbRow) -> Result<Wait, StoreError> {
    Ok(Wait {
        workspace_id: row.parsed("workspace_id")?,
        execution_id: row.parsed("execution_id")?,
        step_execution_id: row.parsed("step_execution_id")?,
        contact_id: row.maybe_parsed("contact_id")?,
        due_at: row.maybe_time("due_at")?,
        event: row.maybe_json("event")?,
        task: row.maybe_json("task")?,
        ended_by: row.maybe_json("ended_by")?,
        created_at: row.time("created_at")?,
    })
}
