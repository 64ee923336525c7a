//! Executions: reading single ones and writing what was decided about them.

mod graph;
mod list;
mod write;

use serde_json::Value;
use stepwell_core::{Execution, ExecutionId, StepExecution, StepId, WorkspaceId};

use crate::conn::Conn;
use crate::dialect::locking;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::{self, DbRow, Query};
use crate::step_execution;
use crate::step_value::select_visits;

pub use graph::graph;
pub(crate) use graph::save as save_graph;
pub use list::{active_count, active_ids, active_on_steps, page};
pub use write::{apply, insert};

/// The execution of this id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: ExecutionId) -> Result<Option<Execution>, StoreError> {
    let query = sql::query("select * from execution where id = $1 and workspace_id = $2");
    let row = query.bind(id.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// The execution of this id, read in order to be changed: inside a write, and nobody else changes it until that has ended.
pub async fn get_to_change(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
) -> Result<Option<Execution>, StoreError> {
    let text = locking!(conn, "select * from execution where id = $1 and workspace_id = $2");
    let query = sql::query(text).bind(id.to_string()).bind(workspace.to_string());
    query.fetch_optional(conn.db()).await?.as_ref().map(read).transpose()
}

/// An execution and its step executions that are not done, in the order in which they were created: what
/// [`advance`](stepwell_core::advance) decides on. Inside a write nobody else changes it until that has ended.
pub async fn state(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
) -> Result<Option<(Execution, Vec<StepExecution>)>, StoreError> {
    let Some(execution) = get_to_change(conn, workspace, id).await? else { return Ok(None) };
    let query = sql::query(select_visits!(
        "where execution_id = $1 and workspace_id = $2 and status in ('pending', 'running', 'waiting')
         order by created_at, id"
    ));
    Ok(Some((execution, step_executions(conn, query, workspace, id).await?)))
}

/// All step executions of an execution in the order in which they were created.
pub async fn visits(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
) -> Result<Vec<StepExecution>, StoreError> {
    let query = sql::query(select_visits!("where execution_id = $1 and workspace_id = $2 order by created_at, id"));
    step_executions(conn, query, workspace, id).await
}

/// The step execution that failed last.
pub async fn failed_visit(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
) -> Result<Option<StepExecution>, StoreError> {
    let query = sql::query(select_visits!(
        "where execution_id = $1 and workspace_id = $2 and status = 'failed'
         order by completed_at desc, id desc limit 1"
    ));
    Ok(step_executions(conn, query, workspace, id).await?.pop())
}

async fn step_executions(
    conn: &mut Conn,
    query: Query,
    workspace: WorkspaceId,
    id: ExecutionId,
) -> Result<Vec<StepExecution>, StoreError> {
    let query = query.bind(id.to_string()).bind(workspace.to_string());
    row::all(query.fetch_all(conn.db()).await?, step_execution::read)
}

/// The outputs of completed steps, oldest first. A step that was visited twice is there twice, but for large outputs: of those
/// that a later visit to the step has replaced are left out.
pub async fn outputs(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
) -> Result<Vec<(StepId, Value)>, StoreError> {
    let query = sql::query(
        "select step_id, case when output = '@' then (select v.value from step_value v
         where v.step_execution_id = visit.id and v.kind = 'output') else output end as output
         from step_execution visit where execution_id = $1 and workspace_id = $2
         and status = 'completed' and output is not null and (output <> '@' or not exists (
             select 1 from step_execution later where later.execution_id = visit.execution_id
             and later.step_id = visit.step_id and later.status = 'completed' and later.output is not null
             and (later.created_at, later.id) > (visit.created_at, visit.id)))
         order by created_at, id",
    );
    let rows = query.bind(id.to_string()).bind(workspace.to_string()).fetch_all(conn.db()).await?;
    row::all(rows, |row| Ok((row.parsed("step_id")?, row.json("output")?)))
}

pub(crate) fn read(row: &DbRow) -> Result<Execution, StoreError> {
    Ok(Execution {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        definition_id: row.parsed("definition_id")?,
        definition_version: row.number("definition_version")?,
        graph_revision: row.number("graph_revision")?,
        parent: row.maybe_json("parent")?,
        contact_id: row.maybe_parsed("contact_id")?,
        status: row.word("status")?,
        current_step_id: row.maybe_parsed("current_step_id")?,
        exit_reason: row.raw("exit_reason")?,
        event_name: row.raw("event_name")?,
        event: row.json("event")?,
        variables: row.json("variables")?,
        marking: row.maybe_json("marking")?.unwrap_or_default(),
        reentry: row.word("reentry")?,
        reentry_key: row.raw("reentry_key")?,
        row_version: row.raw("row_version")?,
        journal_length: row.raw("journal_length")?,
        output_bytes: row.raw("output_bytes")?,
        started_at: row.time("started_at")?,
        completed_at: row.maybe_time("completed_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
