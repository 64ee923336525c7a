//! Lists and counts of a definition's executions.

use sqlx::{QueryBuilder, Row};
use stepwell_core::{DefinitionId, Execution, ExecutionId, ExecutionStatus, StepId, WorkspaceId};

use super::read;
use crate::conn::Conn;
use crate::dialect::Db;
use crate::error::StoreError;
use crate::page::{Page, offset};
use crate::row::{self, Read};

/// A page of a definition's executions, those started last first; pages count from 1. With no `statuses` those of any.
pub async fn page(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    statuses: &[ExecutionStatus],
    page: u32,
    page_size: u32,
) -> Result<Page<Execution>, StoreError> {
    let mut count = QueryBuilder::<Db>::new("select count(*) from execution where ");
    push_filter(&mut count, workspace, definition, statuses);
    let total: i64 = count.build().fetch_one(conn.db()).await?.try_get(0)?;
    let mut select = QueryBuilder::<Db>::new("select * from execution where ");
    push_filter(&mut select, workspace, definition, statuses);
    select.push(" order by started_at desc, id desc limit ").push_bind(i64::from(page_size));
    select.push(" offset ").push_bind(offset(page, page_size));
    let items = row::all(select.build().fetch_all(conn.db()).await?, read)?;
    Ok(Page { items, total: total.unsigned_abs() })
}

fn push_filter(
    select: &mut QueryBuilder<Db>,
    workspace: WorkspaceId,
    definition: DefinitionId,
    statuses: &[ExecutionStatus],
) {
    push_definition(select, workspace, definition);
    if !statuses.is_empty() {
        row::push_in(select, " and status in ", statuses.iter().map(|status| status.as_str().to_owned()));
    }
}

fn push_definition(select: &mut QueryBuilder<Db>, workspace: WorkspaceId, definition: DefinitionId) {
    select.push("definition_id = ").push_bind(definition.to_string());
    select.push(" and workspace_id = ").push_bind(workspace.to_string());
}

/// How many executions of a definition have not ended.
pub async fn active_count(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
) -> Result<u64, StoreError> {
    let mut select = QueryBuilder::<Db>::new("select count(*) from execution where completed_at is null and ");
    push_definition(&mut select, workspace, definition);
    count(conn, select).await
}

/// How many executions of a definition have not ended and stand on one of these steps.
pub async fn active_on_steps(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    steps: &[StepId],
) -> Result<u64, StoreError> {
    let mut select = QueryBuilder::<Db>::new("select count(*) from execution where completed_at is null and ");
    push_definition(&mut select, workspace, definition);
    row::push_in(&mut select, " and current_step_id in ", steps.iter().map(StepId::to_string));
    count(conn, select).await
}

async fn count(conn: &mut Conn, mut select: QueryBuilder<Db>) -> Result<u64, StoreError> {
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
    let mut select = QueryBuilder::<Db>::new("select id from execution where completed_at is null and ");
    push_definition(&mut select, workspace, definition);
    select.push(" limit ").push_bind(limit);
    row::all(select.build().fetch_all(conn.db()).await?, |row| row.parsed("id"))
}
