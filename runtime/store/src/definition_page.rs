//! Lists of definitions.

use std::collections::HashMap;

use stepwell_core::{Definition, DefinitionId, DefinitionKind, WorkspaceId};

use crate::conn::Conn;
use crate::definition::read;
use crate::dialect::contains;
use crate::error::StoreError;
use crate::page::{Direction, Page, offset};
use crate::row::{self, Read, word};
use crate::sql::{DbRow, QueryBuilder};

/// Which definitions, in which order.
#[derive(Clone, Debug, Default)]
pub struct DefinitionQuery {
    /// Only those whose name or description contains this, in any case.
    pub search: Option<String>,
    /// Only those that are enabled, or not.
    pub enabled: Option<bool>,
    /// Only those of this kind.
    pub kind: Option<DefinitionKind>,
    /// By what they are sorted.
    pub sort: DefinitionSort,
    /// In which direction.
    pub direction: Direction,
}

/// By what definitions are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefinitionSort {
    /// The name, in any case.
    Name,
    /// The time of creation.
    #[default]
    CreatedAt,
    /// The time of the last change.
    UpdatedAt,
    /// The number of steps.
    Steps,
}

/// A definition in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The definition.
    pub definition: Definition,
    /// Steps of its newest version.
    pub steps: u64,
    /// Executions it has.
    pub executions: u64,
}

/// A page of a workspace's definitions; pages count from 1.
pub async fn page(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &DefinitionQuery,
    page: u32,
    page_size: u32,
) -> Result<Page<Listed>, StoreError> {
    let mut count = QueryBuilder::new("select count(*) from definition where workspace_id = ");
    push_filter(&mut count, workspace, query)?;
    let total: i64 = count.build().fetch_one(conn.db()).await?.try_get(0)?;
    let mut select = QueryBuilder::new("select * from definition where workspace_id = ");
    push_filter(&mut select, workspace, query)?;
    select.push(order(query)).push(" limit ").push_bind(i64::from(page_size));
    select.push(" offset ").push_bind(offset(page, page_size));
    let mut items = row::all(select.build().fetch_all(conn.db()).await?, read_listed)?;
    count_executions(conn, &mut items).await?;
    Ok(Page { items, total: total.unsigned_abs() })
}

fn push_filter(select: &mut QueryBuilder, workspace: WorkspaceId, query: &DefinitionQuery) -> Result<(), StoreError> {
    select.push_bind(workspace.to_string()).push(" and deleted_at is null");
    if let Some(search) = query.search.as_ref().filter(|search| !search.is_empty()) {
        let pattern = contains(search);
        select.push(" and (lower(name) like lower(").push_bind(pattern.clone()).push(r") escape '\'");
        select.push(" or lower(description) like lower(").push_bind(pattern).push(r") escape '\')");
    }
    if let Some(enabled) = query.enabled {
        select.push(" and enabled = ").push_bind(i64::from(enabled));
    }
    if let Some(kind) = query.kind {
        select.push(" and kind = ").push_bind(word(&kind)?);
    }
    Ok(())
}

fn order(query: &DefinitionQuery) -> String {
    let column = match query.sort {
        DefinitionSort::Name => "lower(name)",
        DefinitionSort::CreatedAt => "created_at",
        DefinitionSort::UpdatedAt => "updated_at",
        DefinitionSort::Steps => "step_count",
    };
    let direction = query.direction.sql();
    format!(" order by {column} {direction}, id {direction}")
}

/// Executions are counted for the page alone, not for all that were sorted.
async fn count_executions(conn: &mut Conn, items: &mut [Listed]) -> Result<(), StoreError> {
    let mut select = QueryBuilder::new("select definition_id, count(*) as amount from execution where ");
    row::push_in(&mut select, "definition_id in ", items.iter().map(|item| item.definition.id.to_string()));
    select.push(" group by definition_id");
    let mut counts: HashMap<DefinitionId, u64> = HashMap::new();
    for row in select.build().fetch_all(conn.db()).await? {
        counts.insert(row.parsed("definition_id")?, row.number("amount")?);
    }
    for item in items {
        item.executions = counts.get(&item.definition.id).copied().unwrap_or(0);
    }
    Ok(())
}

fn read_listed(row: &DbRow) -> Result<Listed, StoreError> {
    Ok(Listed { definition: read(row)?, steps: row.number("step_count")?, executions: 0 })
}
