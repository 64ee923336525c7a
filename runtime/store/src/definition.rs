//! Definitions: heads and graphs.

use std::sync::Arc;
use std::time::Duration;

use stepwell_core::{Definition, DefinitionId, Graph, Timestamp, WorkspaceId, canonical_name};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::graphs::{GraphKey, Kept};
use crate::prune;
use crate::row::{self, Read, to_json, word};
use crate::sql::{self, DbRow, QueryBuilder};

pub use crate::definition_page::{DefinitionQuery, DefinitionSort, Listed, page};

/// How much is deleted together with a definition; the rest follows in batches.
const AT_ONCE: prune::Batch = prune::Batch { rows: 1_000, time: Duration::from_millis(20) };

/// Stores a new definition with the graph of its version.
pub async fn insert(conn: &mut Conn, definition: &Definition, graph: &Graph) -> Result<(), StoreError> {
    sql::query(
        "insert into definition (id, workspace_id, kind, name, description, enabled, trigger_kind, trigger_config, event_name,
         reentry, version, step_count, created_at, updated_at, commit_every_step)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(definition.id.to_string())
    .bind(definition.workspace_id.to_string())
    .bind(word(&definition.kind)?)
    .bind(&definition.name)
    .bind(definition.description.as_deref())
    .bind(i64::from(definition.enabled))
    .bind(word(&definition.trigger)?)
    .bind(to_json(&definition.trigger_config)?)
    .bind(definition.event_name().map(canonical_name))
    .bind(word(&definition.reentry)?)
    .bind(i64::from(definition.version))
    .bind(step_count(graph))
    .bind(definition.created_at.0)
    .bind(definition.updated_at.0)
    .bind(i64::from(definition.commit_every_step))
    .execute(conn.db())
    .await
    .map_err(|error| StoreError::unless_duplicate(error, || StoreError::AlreadyExists))?;
    let key = (definition.workspace_id, definition.id, definition.version);
    insert_graph(conn, key, graph, definition.created_at).await
}

/// The definition of this id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: DefinitionId) -> Result<Option<Definition>, StoreError> {
    let query = sql::query("select * from definition where id = $1 and workspace_id = $2");
    let row = query.bind(id.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// Stores everything about a definition but its graph and version; false if there is none of this id.
pub async fn update(conn: &mut Conn, definition: &Definition) -> Result<bool, StoreError> {
    conn.wrote(definition.id.0);
    let done = sql::query(
        "update definition set name = $3, description = $4, enabled = $5, trigger_kind = $6, trigger_config = $7,
         event_name = $8, reentry = $9, updated_at = $10, commit_every_step = $11 where id = $1 and workspace_id = $2",
    )
    .bind(definition.id.to_string())
    .bind(definition.workspace_id.to_string())
    .bind(&definition.name)
    .bind(definition.description.as_deref())
    .bind(i64::from(definition.enabled))
    .bind(word(&definition.trigger)?)
    .bind(to_json(&definition.trigger_config)?)
    .bind(definition.event_name().map(canonical_name))
    .bind(word(&definition.reentry)?)
    .bind(definition.updated_at.0)
    .bind(i64::from(definition.commit_every_step))
    .execute(conn.db())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Stores a graph as the version after `expected` and answers its number; [`StoreError::VersionConflict`] if `expected` is
/// not the newest version.
pub async fn save_graph(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    expected: u32,
    graph: &Graph,
    now: Timestamp,
) -> Result<u32, StoreError> {
    conn.wrote(id.0);
    let version = expected.checked_add(1).ok_or(StoreError::VersionConflict(id))?;
    let done = sql::query(
        "update definition set version = $4, step_count = $5, updated_at = $6
         where id = $1 and workspace_id = $2 and version = $3",
    )
    .bind(id.to_string())
    .bind(workspace.to_string())
    .bind(i64::from(expected))
    .bind(i64::from(version))
    .bind(step_count(graph))
    .bind(now.0)
    .execute(conn.db())
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::VersionConflict(id));
    }
    insert_graph(conn, (workspace, id, version), graph, now).await?;
    Ok(version)
}

async fn insert_graph(conn: &mut Conn, key: GraphKey, graph: &Graph, now: Timestamp) -> Result<(), StoreError> {
    let text = to_json(graph)?;
    let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let (workspace, id, version) = key;
    sql::query(
        "insert into definition_version (workspace_id, definition_id, version, graph, created_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(workspace.to_string())
    .bind(id.to_string())
    .bind(i64::from(version))
    .bind(text)
    .bind(now.0)
    .execute(conn.db())
    .await?;
    conn.keep_graph(key, Kept { graph: Arc::new(graph.clone()), size }).await;
    Ok(())
}

/// The graph of a version, from memory if it was asked for before.
pub async fn graph(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    version: u32,
) -> Result<Option<Arc<Graph>>, StoreError> {
    let key = (workspace, id, version);
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

/// The enabled definitions that an event of any of these names starts, oldest first. Aliases count as the name they stand for.
pub async fn enabled_for_event(
    conn: &mut Conn,
    workspace: WorkspaceId,
    names: &[&str],
) -> Result<Vec<Definition>, StoreError> {
    let mut select = QueryBuilder::new("select * from definition where workspace_id = ");
    select.push_bind(workspace.to_string());
    row::push_in(&mut select, " and event_name in ", row::canonical(names));
    // Sorted here: asked to sort, the database would go through all definitions in order in place of finding these few.
    select.push(" and enabled = 1 and event_name is not null");
    let mut found = row::all(select.build().fetch_all(conn.db()).await?, read)?;
    found.sort_by_key(|definition| (definition.created_at, definition.id));
    Ok(found)
}

/// Deletes a definition with all that belongs to it; false if there is none of this id.
///
/// From then on nothing finds it or starts it. If it has very many executions, the rest of them goes with
/// [`prune::deleted_definitions`].
pub async fn delete(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    conn.wrote(id.0);
    let query = sql::query("delete from definition where id = $1 and workspace_id = $2");
    let done = query.bind(id.to_string()).bind(workspace.to_string()).execute(conn.db()).await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    let query = sql::query("delete from step_counter where definition_id = $1 and workspace_id = $2");
    query.bind(id.to_string()).bind(workspace.to_string()).execute(conn.db()).await?;
    let query =
        sql::query("insert into deleted_definition (definition_id, workspace_id, deleted_at) values ($1, $2, $3)");
    query.bind(id.to_string()).bind(workspace.to_string()).bind(now.0).execute(conn.db()).await?;
    prune::deleted_definition(conn, &id.to_string(), AT_ONCE).await?;
    Ok(true)
}

/// Deletes those of these definitions that exist and says how many.
pub async fn delete_many(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[DefinitionId],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for id in ids {
        deleted += u64::from(delete(conn, workspace, *id, now).await?);
    }
    Ok(deleted)
}

fn step_count(graph: &Graph) -> i64 {
    i64::try_from(graph.steps.len()).unwrap_or(i64::MAX)
}

pub(crate) fn read(row: &DbRow) -> Result<Definition, StoreError> {
    Ok(Definition {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        kind: row.word("kind")?,
        name: row.raw("name")?,
        description: row.raw("description")?,
        enabled: row.flag("enabled")?,
        trigger: row.word("trigger_kind")?,
        trigger_config: row.json("trigger_config")?,
        reentry: row.word("reentry")?,
        commit_every_step: row.flag("commit_every_step")?,
        version: row.number("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
