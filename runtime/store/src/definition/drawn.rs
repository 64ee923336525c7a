//! Definitions with what they were made from: the lists of surfaces whose templates are documents.

use serde_json::Value;
use stepwell_core::{Definition, DefinitionId, DefinitionKind, WorkspaceId};

use super::read;
use crate::conn::Conn;
use crate::dialect::contains;
use crate::error::StoreError;
use crate::page::{Direction, Page};
use crate::row::{self, Read, word};
use crate::sql::{DbRow, QueryBuilder};

/// Which definitions, in which order.
#[derive(Clone, Debug)]
pub struct DrawnQuery {
    /// Of this kind.
    pub kind: DefinitionKind,
    /// Only those whose name contains this, in any case.
    pub name: Option<String>,
    /// Only the one of this id.
    pub id: Option<DefinitionId>,
    /// Only those that are enabled, or not.
    pub enabled: Option<bool>,
    /// By what they are sorted.
    pub sort: DrawnSort,
    /// In which direction.
    pub direction: Direction,
    /// How many to leave out.
    pub from: u32,
    /// How many at most.
    pub size: u32,
}

/// By what definitions are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DrawnSort {
    /// The time of creation.
    CreatedAt,
    /// The time of the last change.
    #[default]
    UpdatedAt,
}

/// A definition and what its newest version was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The definition.
    pub definition: Definition,
    /// As its surface wrote it; null if it did not.
    pub document: Value,
}

impl DrawnQuery {
    /// The first `size` of a kind, those that changed last first.
    pub fn of(kind: DefinitionKind, size: u32) -> Self {
        let (sort, direction) = (DrawnSort::default(), Direction::default());
        Self { kind, name: None, id: None, enabled: None, sort, direction, from: 0, size }
    }
}

/// The definitions that are found, and how many there are in all.
pub async fn drawn(conn: &mut Conn, workspace: WorkspaceId, query: &DrawnQuery) -> Result<Page<Written>, StoreError> {
    let mut count = QueryBuilder::new("select count(*) as amount");
    push_filter(&mut count, workspace, query)?;
    let total = count.build().fetch_one(conn.db()).await?.number("amount")?;
    let mut select = QueryBuilder::new("select d.*, v.document");
    push_filter(&mut select, workspace, query)?;
    let column = match query.sort {
        DrawnSort::CreatedAt => "d.created_at",
        DrawnSort::UpdatedAt => "d.updated_at",
    };
    let direction = query.direction.sql();
    select.push(format_args!(" order by {column} {direction}, d.id {direction} limit "));
    select.push_bind(i64::from(query.size)).push(" offset ").push_bind(i64::from(query.from));
    let items = row::all(select.build().fetch_all(conn.db()).await?, read_written)?;
    Ok(Page { items, total })
}

/// A definition and what its newest version was made from, in one look.
pub async fn newest(
    conn: &mut Conn,
    workspace: WorkspaceId,
    kind: DefinitionKind,
    id: DefinitionId,
) -> Result<Option<Written>, StoreError> {
    let mut select = QueryBuilder::new("select d.*, v.document");
    push_filter(&mut select, workspace, &DrawnQuery { id: Some(id), ..DrawnQuery::of(kind, 1) })?;
    select.build().fetch_optional(conn.db()).await?.as_ref().map(read_written).transpose()
}

/// How many definitions of these kinds a workspace has.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId, kinds: &[DefinitionKind]) -> Result<u64, StoreError> {
    let mut select = QueryBuilder::new("select count(*) as amount from definition where workspace_id = ");
    select.push_bind(workspace.to_string()).push(" and deleted_at is null");
    let kinds = kinds.iter().map(word).collect::<Result<Vec<_>, _>>()?;
    row::push_in(&mut select, " and kind in ", kinds.into_iter());
    select.build().fetch_one(conn.db()).await?.number("amount")
}

fn push_filter(select: &mut QueryBuilder, workspace: WorkspaceId, query: &DrawnQuery) -> Result<(), StoreError> {
    select.push(" from definition d join definition_version v on v.definition_id = d.id and v.version = d.version");
    select.push(" where d.workspace_id = ").push_bind(workspace.to_string());
    select.push(" and d.deleted_at is null and d.kind = ").push_bind(word(&query.kind)?);
    if let Some(name) = query.name.as_ref().filter(|name| !name.is_empty()) {
        select.push(" and lower(d.name) like lower(").push_bind(contains(name)).push(r") escape '\'");
    }
    if let Some(id) = query.id {
        select.push(" and d.id = ").push_bind(id.to_string());
    }
    if let Some(enabled) = query.enabled {
        select.push(" and d.enabled = ").push_bind(i64::from(enabled));
    }
    Ok(())
}

fn read_written(row: &DbRow) -> Result<Written, StoreError> {
    Ok(Written { definition: read(row)?, document: row.maybe_json("document")?.unwrap_or_default() })
}
