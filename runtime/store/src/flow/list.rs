//! Lists of flows by what they are about.

use stepwell_core::flow::Surface;
use stepwell_core::{ExecutionId, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::QueryBuilder;

/// Which flows.
#[derive(Clone, Copy, Debug)]
pub struct ListQuery<'q> {
    /// Those of one surface; none for flows and checklists.
    pub surface: Option<Surface>,
    /// About this entity.
    pub entity: Option<&'q str>,
    /// About entities of this schema; of it, if an entity is named too.
    pub schema: Option<&'q str>,
    /// At most so many.
    pub limit: i64,
}

/// The executions about an entity, of this schema if one is named, whatever their status; newest first.
pub async fn about(
    conn: &mut Conn,
    workspace: WorkspaceId,
    entity: &str,
    schema: Option<&str>,
    surface: Surface,
    limit: i64,
) -> Result<Vec<ExecutionId>, StoreError> {
    list(conn, workspace, &ListQuery { surface: Some(surface), entity: Some(entity), schema, limit }).await
}

/// The executions that a query finds, whatever their status; newest first.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &ListQuery<'_>,
) -> Result<Vec<ExecutionId>, StoreError> {
    let mut select = QueryBuilder::new("select f.execution_id from flow f where f.workspace_id = ");
    select.push_bind(workspace.to_string()).push(" and f.deleted_at is null");
    if let Some(surface) = query.surface {
        select.push(" and f.surface = ").push_bind(surface.as_str());
    }
    if query.entity.is_some() || query.schema.is_some() {
        push_about(&mut select, workspace, query);
    }
    select.push(" order by f.created_at desc, f.execution_id desc limit ").push_bind(query.limit);
    row::all(select.build().fetch_all(conn.db()).await?, |row| row.parsed("execution_id"))
}

fn push_about(select: &mut QueryBuilder, workspace: WorkspaceId, query: &ListQuery<'_>) {
    select.push(" and f.execution_id in (select c.execution_id from flow_context c where c.workspace_id = ");
    select.push_bind(workspace.to_string());
    if let Some(entity) = query.entity {
        select.push(" and c.entity_id = ").push_bind(entity);
    }
    if let Some(schema) = query.schema {
        select.push(" and c.schema = ").push_bind(schema);
    }
    select.push(")");
}
