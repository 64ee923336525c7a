//! The graph of an execution: that of the version it is pinned to, or its own, if it was edited while it ran.

use std::sync::Arc;

use stepwell_core::{Execution, Graph};

use crate::conn::Conn;
use crate::definition;
use crate::error::StoreError;
use crate::graphs::{GraphKey, Kept};
use crate::row::{Read, to_json};
use crate::sql;

/// The graph of an execution, from memory if it was asked for before: its own if it was edited, else that of its version. `None`
/// if the version is gone. [`StoreError::Fenced`] if it was edited since the execution was read.
pub async fn graph(conn: &mut Conn, of: &Execution) -> Result<Option<Arc<Graph>>, StoreError> {
    if of.graph_revision == 0 {
        return definition::graph(conn, of.workspace_id, of.definition_id, of.definition_version).await;
    }
    let key = key(of);
    if let Some(graph) = conn.known_graph(&key).await {
        return Ok(Some(graph));
    }
    let query =
        sql::query("select graph from execution_graph where execution_id = $1 and workspace_id = $2 and revision = $3");
    let query = query.bind(of.id.to_string()).bind(of.workspace_id.to_string()).bind(i64::from(of.graph_revision));
    let Some(row) = query.fetch_optional(conn.db()).await? else { return Err(StoreError::Fenced(of.id)) };
    let size = u32::try_from(row.raw::<&str>("graph")?.len()).unwrap_or(u32::MAX);
    let graph: Arc<Graph> = Arc::new(row.json("graph")?);
    conn.keep_graph(key, Kept { graph: Arc::clone(&graph), size }).await;
    Ok(Some(graph))
}

/// Stores an execution's own graph as the revision that the execution names, in place of the one before.
pub(crate) async fn save(conn: &mut Conn, of: &Execution, graph: &Graph) -> Result<(), StoreError> {
    let text = to_json(graph)?;
    let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
    sql::query(
        "insert into execution_graph (execution_id, workspace_id, revision, graph, updated_at) values ($1, $2, $3, $4, $5)
         on conflict (execution_id) do update set revision = excluded.revision, graph = excluded.graph,
         updated_at = excluded.updated_at where execution_graph.workspace_id = excluded.workspace_id",
    )
    .bind(of.id.to_string())
    .bind(of.workspace_id.to_string())
    .bind(i64::from(of.graph_revision))
    .bind(text)
    .bind(of.updated_at.0)
    .execute(conn.db())
    .await?;
    conn.keep_graph(key(of), Kept { graph: Arc::new(graph.clone()), size }).await;
    Ok(())
}

fn key(of: &Execution) -> GraphKey {
    GraphKey::Own(of.workspace_id, of.id, of.graph_revision)
}
