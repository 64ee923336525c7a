//! Lists and counts of a definition's executions. All of them walk indexes that begin with the definition; that it belongs to
//! the workspace is asked once, not of every row.

use stepwell_core::{DefinitionId, Execution, ExecutionId, ExecutionStatus, StepId, WorkspaceId};

use super::read;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::page::{Page, offset};
use crate::row::{self, Read};
use crate::sql::QueryBuilder;

/// A page of a definition's executions, those started last first; pages count from 1. With no `statuses` those of any.
pub async fn page(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    statuses: &[ExecutionStatus],
    page: u32,
    page_size: u32,
) -> Result<Page<Execution>, StoreError> {
    let mut select = of_definition("select count(*) from execution", workspace, definition);
    if !statuses.is_empty() {
        row::push_in(&mut select, " and status in ", statuses.iter().map(|status| status.as_str().to_owned()));
    }
    let total = count(conn, select).await?;
    let before = offset(page, page_size);
    let mut select = QueryBuilder::new("select * from (");
    // Each status comes in order from the index; together they would have to be sorted, however many there are.
    for (at, status) in statuses.iter().enumerate() {
        select.push(if at == 0 { "select * from (" } else { " union all select * from (" });
        push_newest(&mut select, workspace, definition, Some(*status), before.saturating_add(page_size.into()));
        select.push(format_args!(") as s{at}"));
    }
    if statuses.is_empty() {
        push_newest(&mut select, workspace, definition, None, before.saturating_add(page_size.into()));
    }
    select.push(") as found order by started_at desc, id desc limit ").push_bind(i64::from(page_size));
    select.push(" offset ").push_bind(before);
    let items = row::all(select.build().fetch_all(conn.db()).await?, read)?;
    Ok(Page { items, total })
}

fn push_newest(
    select: &mut QueryBuilder,
    workspace: WorkspaceId,
    definition: DefinitionId,
    status: Option<ExecutionStatus>,
    limit: i64,
) {
    select.push("select * from execution");
    push_definition(select, workspace, definition);
    if let Some(status) = status {
        select.push(" and status = ").push_bind(status.as_str());
    }
    select.push(" order by started_at desc, id desc limit ").push_bind(limit);
}

fn of_definition(select: &str, workspace: WorkspaceId, definition: DefinitionId) -> QueryBuilder {
    let mut select = QueryBuilder::new(select);
    push_definition(&mut select, workspace, definition);
    select
}

fn push_definition(select: &mut QueryBuilder, workspace: WorkspaceId, definition: DefinitionId) {
    select.push(" where definition_id = ").push_bind(definition.to_string());
    select.push(" and exists (select 1 from definition d where d.id = ").push_bind(definition.to_string());
    select.push(" and d.workspace_id = ").push_bind(workspace.to_string()).push(")");
}

/// How many executions of a definition have not ended.
pub async fn active_count(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
) -> Result<u64, StoreError> {
    let mut select = of_definition("select count(*) from execution", workspace, definition);
    select.push(" and completed_at is null");
    count(conn, select).await
}

/// How many executions of a definition have not ended and stand on one of these steps.
pub async fn active_on_steps(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    steps: &[StepId],
) -> Result<u64, StoreError> {
    let mut select = of_definition("select count(*) from execution", workspace, definition);
    select.push(" and completed_at is null");
    row::push_in(&mut select, " and current_step_id in ", steps.iter().map(StepId::to_string));
    count(conn, select).await
}

async fn count(conn: &mut Conn, select: QueryBuilder) -> Result<u64, StoreError> {
    let count: i64 = select.build().fetch_one(conn.db()).await?.try_get(0)?;
    Ok(count.unsigned_abs())
}

/// Up to `limit` executions of a definition that have not ended.
pub async fn active_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    limit: i64,
) -> Result<Vec<ExecutionId>, StoreError> {
    let mut select = of_definition("select id from execution", workspace, definition);
    select.push(" and completed_at is null limit ").push_bind(limit);
    row::all(select.build().fetch_all(conn.db()).await?, |row| row.parsed("id"))
}
