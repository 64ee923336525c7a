//! Storing what a decision changes for people. Part of storing the decision.

use std::collections::BTreeSet;

use stepwell_core::flow::{Context, Flow, PeopleChanges};
use stepwell_core::{Execution, ExecutionId, Timestamp, WorkspaceId};

use super::ROWS;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::execution::save_graph;
use crate::row::{maybe_json, to_json};
use crate::sql::{self, QueryBuilder};
use crate::task;

/// Stores it. `execution` is as it will be, and stored already. [`StoreError::AlreadyExists`] if another task of the workspace has
/// the id of a new one; the write that this is part of must then answer an error.
pub(crate) async fn apply(
    conn: &mut Conn,
    execution: &Execution,
    changes: &PeopleChanges,
    is_new: bool,
) -> Result<(), StoreError> {
    if let Some(graph) = &changes.graph {
        save_graph(conn, execution, graph).await?;
    }
    if let Some(flow) = &changes.flow {
        upsert(conn, flow).await?;
        assign(conn, flow, is_new).await?;
        if changes.contexts_changed || is_new {
            replace_contexts(conn, flow, is_new).await?;
        }
    }
    task::remove(conn, execution, &changes.removed).await?;
    task::upsert(conn, execution, &changes.tasks, is_new).await
}

async fn upsert(conn: &mut Conn, flow: &Flow) -> Result<(), StoreError> {
    sql::query(
        "insert into flow (execution_id, workspace_id, definition_id, surface, name, status, due_date, due_at, data,
         created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (execution_id) do update set name = excluded.name, status = excluded.status,
         due_date = excluded.due_date, due_at = excluded.due_at, data = excluded.data, updated_at = excluded.updated_at
         where flow.workspace_id = excluded.workspace_id",
    )
    .bind(flow.execution_id.to_string())
    .bind(flow.workspace_id.to_string())
    .bind(flow.definition_id.to_string())
    .bind(flow.surface.as_str())
    .bind(&flow.name)
    .bind(flow.status.as_str())
    .bind(flow.due.as_ref().map(|due| &*due.text))
    .bind(flow.due.as_ref().and_then(|due| due.at).map(|at| at.0))
    .bind(to_json(&flow.data)?)
    .bind(flow.created_at.0)
    .bind(flow.updated_at.0)
    .execute(conn.db())
    .await?;
    Ok(())
}

/// Has the rows of who answers for a flow say what the flow says; written only if they do not.
async fn assign(conn: &mut Conn, flow: &Flow, is_new: bool) -> Result<(), StoreError> {
    let people: BTreeSet<_> = flow.data.assignees.iter().flat_map(|assignee| assignee.people()).collect();
    if !is_new {
        let stored = sql::query("select assignee from flow_assignee where execution_id = $1");
        let stored: Vec<String> = stored.bind(flow.execution_id.to_string()).values(conn.db()).await?;
        if stored.iter().collect::<BTreeSet<_>>() == people {
            return Ok(());
        }
        let delete = sql::query("delete from flow_assignee where execution_id = $1 and workspace_id = $2");
        let delete = delete.bind(flow.execution_id.to_string()).bind(flow.workspace_id.to_string());
        delete.execute(conn.db()).await?;
    }
    let people: Vec<_> = people.into_iter().collect();
    for part in people.chunks(ROWS) {
        let mut insert = QueryBuilder::new("insert into flow_assignee (workspace_id, assignee, execution_id) ");
        insert.push_values(part, |values, person| {
            values.push_bind(flow.workspace_id.to_string()).push_bind(*person);
            values.push_bind(flow.execution_id.to_string());
        });
        insert.build().execute(conn.db()).await?;
    }
    Ok(())
}

async fn replace_contexts(conn: &mut Conn, flow: &Flow, is_new: bool) -> Result<(), StoreError> {
    if !is_new {
        // An index of the workspace would be taken as gladly as that of the execution.
        let delete = sql::query("delete from flow_context where execution_id = $1 and workspace_id || '' = $2");
        let delete = delete.bind(flow.execution_id.to_string()).bind(flow.workspace_id.to_string());
        delete.execute(conn.db()).await?;
    }
    let contexts: Vec<(i64, &Context)> = (0..).zip(&flow.contexts).collect();
    for part in contexts.chunks(ROWS) {
        let mut rows = Vec::with_capacity(part.len());
        for (position, context) in part {
            rows.push((*position, *context, maybe_json(context.data.as_ref())?));
        }
        let mut insert = QueryBuilder::new(
            "insert into flow_context (workspace_id, entity_id, schema, execution_id, position, is_primary, data) ",
        );
        insert.push_values(rows, |values, (position, context, data)| {
            values.push_bind(flow.workspace_id.to_string()).push_bind(&context.entity_id).push_bind(&context.schema);
            values.push_bind(flow.execution_id.to_string()).push_bind(position);
            values.push_bind(i64::from(context.is_primary)).push_bind(data);
        });
        // An entity that is named twice is there once, at its first place.
        insert.push(" on conflict (workspace_id, entity_id, schema, execution_id) do nothing");
        insert.build().execute(conn.db()).await?;
    }
    Ok(())
}

/// Hides a flow: it is kept for audits, and nothing finds it. False if there is none, or it is hidden already. Whoever does it has
/// ended the execution before.
pub async fn soft_delete(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ExecutionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    conn.wrote(id.0);
    let query = sql::query(
        "update flow set deleted_at = $3, updated_at = $3
         where execution_id = $1 and workspace_id = $2 and deleted_at is null",
    );
    let done = query.bind(id.to_string()).bind(workspace.to_string()).bind(now.0).execute(conn.db()).await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes a flow with everything that belongs to its execution; false if there is none, or it is hidden. Whoever does it has
/// ended the execution before.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, id: ExecutionId) -> Result<bool, StoreError> {
    conn.wrote(id.0);
    let query = sql::query(
        "delete from execution where id = $1 and workspace_id = $2
         and exists (select 1 from flow f where f.execution_id = execution.id and f.deleted_at is null)",
    );
    let done = query.bind(id.to_string()).bind(workspace.to_string()).execute(conn.db()).await?;
    Ok(done.rows_affected() > 0)
}
