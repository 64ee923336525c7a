//! Definitions: heads and graphs.

use std::time::Duration;

use serde_json::Value;
use stepwell_core::{Definition, DefinitionId, Graph, Timestamp, WorkspaceId, canonical_name};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::prune;
use crate::row::{self, Read, to_json, word};
use crate::sql::{self, DbRow, QueryBuilder};

mod drawn;
mod version;

pub use crate::definition_page::{DefinitionQuery, DefinitionSort, Listed, page};
pub use drawn::{DrawnQuery, DrawnSort, Written, count, drawn, newest};
pub use version::{document, graph, set_document};

/// How much is deleted together with a definition; the rest follows in batches.
const AT_ONCE: prune::Batch = prune::Batch { rows: 1_000, time: Duration::from_millis(20) };

/// Stores a new definition with the graph of its version.
pub async fn insert(conn: &mut Conn, definition: &Definition, graph: &Graph) -> Result<(), StoreError> {
    insert_with_document(conn, definition, graph, None).await
}

/// As [`insert`], with what the graph was made from, as its surface wrote it.
pub async fn insert_with_document(
    conn: &mut Conn,
    definition: &Definition,
    graph: &Graph,
    document: Option<&Value>,
) -> Result<(), StoreError> {
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
    version::insert(conn, key, (graph, document), definition.created_at).await
}

/// The definition of this id, unless it [was deleted](set_deleted).
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: DefinitionId) -> Result<Option<Definition>, StoreError> {
    let query = sql::query("select * from definition where id = $1 and workspace_id = $2 and deleted_at is null");
    let row = query.bind(id.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// The definition of this id, and whether it [was deleted](set_deleted): what was started of it goes on.
pub async fn even_deleted(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
) -> Result<Option<(Definition, bool)>, StoreError> {
    let query = sql::query("select * from definition where id = $1 and workspace_id = $2");
    let row = query.bind(id.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    let found = |row| Ok((read(row)?, row.raw::<Option<i64>>("deleted_at")?.is_some()));
    row.as_ref().map(found).transpose()
}

/// Stores everything about a definition but its graph and version; false if there is none of this id.
pub async fn update(conn: &mut Conn, definition: &Definition) -> Result<bool, StoreError> {
    conn.wrote(definition.id.0);
    let done = sql::query(
        "update definition set name = $3, description = $4, enabled = $5, trigger_kind = $6, trigger_config = $7,
         event_name = $8, reentry = $9, updated_at = $10, commit_every_step = $11
         where id = $1 and workspace_id = $2 and deleted_at is null",
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
    save_with_document(conn, (workspace, id), expected, (graph, None), now).await
}

/// As [`save_graph`], with what the graph was made from, as its surface wrote it.
pub async fn save_with_document(
    conn: &mut Conn,
    (workspace, id): (WorkspaceId, DefinitionId),
    expected: u32,
    (graph, document): (&Graph, Option<&Value>),
    now: Timestamp,
) -> Result<u32, StoreError> {
    conn.wrote(id.0);
    let version = expected.checked_add(1).ok_or(StoreError::VersionConflict(id))?;
    let done = sql::query(
        "update definition set version = $4, step_count = $5, updated_at = $6
         where id = $1 and workspace_id = $2 and version = $3 and deleted_at is null",
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
    version::insert(conn, (workspace, id, version), (graph, document), now).await?;
    Ok(version)
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
    select.push(" and enabled = 1 and event_name is not null and deleted_at is null");
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

/// Hides a definition: from then on nothing finds it or starts it, and its executions go on. It is deleted once none is left
/// ([`prune::hidden_definitions`]). False if there is none of this id, or it is hidden already.
pub async fn set_deleted(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: DefinitionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    conn.wrote(id.0);
    let query = sql::query(
        "update definition set deleted_at = $3, updated_at = $3 where id = $1 and workspace_id = $2 and deleted_at is null",
    );
    let done = query.bind(id.to_string()).bind(workspace.to_string()).bind(now.0).execute(conn.db()).await?;
    Ok(done.rows_affected() > 0)
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
