//! Searching flows, page by page. A page is continued by the time of creation of its last flow, which is all that the surface
//! hands on.

use stepwell_core::flow::{Flow, FlowStatus, Surface};
use stepwell_core::{ExecutionId, Timestamp, WorkspaceId};

use super::of;
use crate::conn::Conn;
use crate::dialect::contains;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::QueryBuilder;

/// The most flows of one millisecond that a page sorted by time is longer for: such a page ends between two times.
const TIES: i64 = 200;

/// Which flows, in which order.
#[derive(Clone, Debug)]
pub struct FlowQuery {
    /// Of this surface.
    pub surface: Surface,
    /// Whose name contains this, in any case.
    pub name: Option<String>,
    /// Of one of these statuses; empty for any.
    pub statuses: Vec<FlowStatus>,
    /// Which this person answers for.
    pub assignee: Option<String>,
    /// In which order.
    pub sort: FlowSort,
    /// The time of creation of the last flow of the page before.
    pub after: Option<Timestamp>,
    /// How many at most.
    pub limit: i64,
}

/// By what flows are sorted. Those without a due date come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum FlowSort {
    NameAsc,
    NameDesc,
    DueAsc,
    DueDesc,
    CreatedAsc,
    #[default]
    CreatedDesc,
}

/// A page of flows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The flows.
    pub flows: Vec<Flow>,
    /// Whether there are more: the next page comes after the last one's time of creation.
    pub more: bool,
}

impl FlowSort {
    /// What is compared, beyond which it goes on, and the direction.
    fn sql(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NameAsc => ("lower(f.name)", ">", "asc"),
            Self::NameDesc => ("lower(f.name)", "<", "desc"),
            Self::DueAsc => ("coalesce(f.due_at, 9223372036854775807)", ">", "asc"),
            Self::DueDesc => ("coalesce(f.due_at, -9223372036854775807)", "<", "desc"),
            Self::CreatedAsc => ("f.created_at", ">", "asc"),
            Self::CreatedDesc => ("f.created_at", "<", "desc"),
        }
    }

    fn is_by_creation(self) -> bool {
        matches!(self, Self::CreatedAsc | Self::CreatedDesc)
    }

    fn is_by_name(self) -> bool {
        matches!(self, Self::NameAsc | Self::NameDesc)
    }
}

/// A page of the flows that a query finds.
pub async fn search(conn: &mut Conn, workspace: WorkspaceId, query: &FlowQuery) -> Result<Found, StoreError> {
    let (key, beyond, direction) = query.sort.sql();
    let mut select = QueryBuilder::new("select f.execution_id, f.created_at from flow f where f.workspace_id = ");
    push_filter(&mut select, workspace, query);
    if let Some(after) = query.after
        && !push_after(conn, workspace, query, after, &mut select).await?
    {
        return Ok(Found::default());
    }
    select.push(format_args!(" order by {key} {direction}, f.execution_id {direction} limit "));
    select.push_bind(query.limit.saturating_add(1));
    let rows = select.build().fetch_all(conn.db()).await?;
    let mut page: Vec<(ExecutionId, Timestamp)> =
        row::all(rows, |row| Ok((row.parsed("execution_id")?, row.time("created_at")?)))?;
    let limit = usize::try_from(query.limit).unwrap_or(0);
    let mut more = page.len() > limit;
    page.truncate(limit);
    if let Some((last, at)) = page.last().copied().filter(|_| more && query.sort.is_by_creation()) {
        page.extend(ties(conn, workspace, query, (last, at)).await?);
        more = goes_on(conn, workspace, query, at, beyond).await?;
    }
    let ids: Vec<_> = page.into_iter().map(|(id, _)| id).collect();
    let mut flows = of(conn, workspace, &ids).await?;
    Ok(Found { flows: ids.iter().filter_map(|id| flows.remove(id)).collect(), more })
}

/// Has the page begin behind the last one of the page before; false if that is gone.
async fn push_after(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &FlowQuery,
    after: Timestamp,
    select: &mut QueryBuilder,
) -> Result<bool, StoreError> {
    let (key, beyond, direction) = query.sort.sql();
    if query.sort.is_by_creation() {
        select.push(format_args!(" and f.created_at {beyond} ")).push_bind(after.0);
        return Ok(true);
    }
    let opposite = if direction == "asc" { "desc" } else { "asc" };
    let mut last =
        QueryBuilder::new(format!("select f.execution_id, {key} as sort_key from flow f where f.workspace_id = "));
    push_filter(&mut last, workspace, query);
    last.push(" and f.created_at = ").push_bind(after.0);
    last.push(format_args!(" order by {key} {opposite}, f.execution_id {opposite} limit 1"));
    let Some(row) = last.build().fetch_optional(conn.db()).await? else { return Ok(false) };
    select.push(format_args!(" and ({key}, f.execution_id) {beyond} ("));
    if query.sort.is_by_name() {
        select.push_bind(row.raw::<String>("sort_key")?);
    } else {
        select.push_bind(row.raw::<i64>("sort_key")?);
    }
    select.push(", ").push_bind(row.raw::<String>("execution_id")?).push(")");
    Ok(true)
}

/// The flows of the same time that come behind this one.
async fn ties(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &FlowQuery,
    (last, at): (ExecutionId, Timestamp),
) -> Result<Vec<(ExecutionId, Timestamp)>, StoreError> {
    let (_, beyond, direction) = query.sort.sql();
    let mut select = QueryBuilder::new("select f.execution_id from flow f where f.workspace_id = ");
    push_filter(&mut select, workspace, query);
    select.push(" and f.created_at = ").push_bind(at.0);
    select.push(format_args!(" and f.execution_id {beyond} ")).push_bind(last.to_string());
    select.push(format_args!(" order by f.execution_id {direction} limit ")).push_bind(TIES);
    row::all(select.build().fetch_all(conn.db()).await?, |row| Ok((row.parsed("execution_id")?, at)))
}

async fn goes_on(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &FlowQuery,
    at: Timestamp,
    beyond: &str,
) -> Result<bool, StoreError> {
    let mut select = QueryBuilder::new("select 1 from flow f where f.workspace_id = ");
    push_filter(&mut select, workspace, query);
    select.push(format_args!(" and f.created_at {beyond} ")).push_bind(at.0).push(" limit 1");
    Ok(select.build().fetch_optional(conn.db()).await?.is_some())
}

fn push_filter(select: &mut QueryBuilder, workspace: WorkspaceId, query: &FlowQuery) {
    select.push_bind(workspace.to_string()).push(" and f.deleted_at is null and f.surface = ");
    select.push_bind(query.surface.as_str());
    if let Some(name) = query.name.as_ref().filter(|name| !name.is_empty()) {
        select.push(" and lower(f.name) like lower(").push_bind(contains(name)).push(r") escape '\'");
    }
    if !query.statuses.is_empty() {
        row::push_in(select, " and f.status in ", query.statuses.iter().map(|status| status.as_str().to_owned()));
    }
    if let Some(assignee) = &query.assignee {
        select.push(" and f.execution_id in (select a.execution_id from flow_assignee a where a.workspace_id = ");
        select.push_bind(workspace.to_string()).push(" and a.assignee = ").push_bind(assignee).push(")");
    }
}
