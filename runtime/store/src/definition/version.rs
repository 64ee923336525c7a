//! Versions: graphs, and what they were made from.

use std::sync::Arc;

use serde_json::Value;
use stepwell_core::{DefinitionId, Graph, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::graphs::{GraphKey, Kept};
use crate::row::{Read, maybe_json, to_json};
use crate::sql;

/// A definition of a workspace and the number of a version.
pub(super) type VersionKey = (WorkspaceId, DefinitionId, u32);

pub(super) async fn insert(
    conn: &mut Conn,
    (workspace, id, version): VersionKey,
    (graph, document): (&Graph, Option<&Value>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = to_json(graph)?;
    let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
    sql::query(
        "insert into definition_version (workspace_id, definition_id, version, graph, document, created_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .bind(i64::from(version))
    .bind(text)
    .bind(maybe_json(document)?)
    .bind(now.0)
    .execute(conn.db())
    .await?;
    let key = GraphKey::Version(workspace, id, version);
    conn.keep_graph(key, Kept { graph: Arc::new(graph.clone()), size }).await;
    Ok(())
}

/// The graph of a version, from memory if it was asked for before. Also of a definition that [was deleted](super::set_deleted).
pub async fn graph(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    version: u32,
) -> Result<Option<Arc<Graph>>, StoreError> {
    let key = GraphKey::Version(workspace, id, version);
    if let Some(graph) = conn.known_graph(&key).await {
        return Ok(Some(graph));
    }
    let query = sql::query(
        "select graph from definition_version where definition_id = $1 and version = $2 and workspace_id = $3",
    );
    let query = query.bind(id.to_string()).bind(i64::from(version)).bind(workspace.to_string());
    let Some(row) = query.fetch_optional(conn.db()).await? else { return Ok(None) };
    let size = u32::try_from(row.raw::<&str>("graph")?.len()).unwrap_or(u32::MAX);
    let graph: Arc<Graph> = Arc::new(row.json("graph")?);
    conn.keep_graph(key, Kept { graph: Arc::clone(&graph), size }).await;
    Ok(Some(graph))
}

/// What a version was made from, as its surface wrote it. `None` if there is no such version or it has none. Also of a definition
/// that [was deleted](super::set_deleted).
pub async fn document(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    version: u32,
) -> Result<Option<Value>, StoreError> {
    let query = sql::query(
        "select document from definition_version where definition_id = $1 and version = $2 and workspace_id = $3
         and document is not null",
    );
    let query = query.bind(id.to_string()).bind(i64::from(version)).bind(workspace.to_string());
    query.fetch_optional(conn.db()).await?.map(|row| row.json("document")).transpose()
}

/// Replaces what the newest version was made from, where the graph stays as it is: false if there is no such definition or
/// `version` is not its newest.
pub async fn set_document(
    conn: &mut Conn,
    (workspace, id): (WorkspaceId, DefinitionId),
    version: u32,
    document: &Value,
    now: Timestamp,
) -> Result<bool, StoreError> {
    conn.wrote(id.0);
    let query = sql::query(
        "update definition set updated_at = $4
         where id = $1 and workspace_id = $2 and version = $3 and deleted_at is null",
    );
    let query = query.bind(id.to_string()).bind(workspace.to_string()).bind(i64::from(version)).bind(now.0);
    if query.execute(conn.db()).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let query = sql::query(
        "update definition_version set document = $4 where definition_id = $1 and workspace_id = $2 and version = $3",
    );
    let query = query.bind(id.to_string()).bind(workspace.to_string()).bind(i64::from(version));
    Ok(query.bind(to_json(document)?).execute(conn.db()).await?.rows_affected() > 0)
}
