//! Versions of definitions that nothing needs any more. The newest stays, and so does every version that an execution is pinned
//! to, whether it runs or has ended: its timeline is read with it.

use stepwell_core::{DefinitionId, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::Read;
use crate::sql;

/// A definition and the numbers of some of its versions.
pub type Versions = (DefinitionId, Vec<u32>);

/// The versions of a workspace that no execution is pinned to and that were followed by another before a time. It looks at every
/// execution of a definition that has such versions: for a reader, now and then.
pub async fn unused_versions(
    conn: &mut Conn,
    workspace: WorkspaceId,
    before: Timestamp,
) -> Result<Vec<Versions>, StoreError> {
    let mut unused = Vec::new();
    for (definition, mut versions) in followed(conn, workspace, before).await? {
        let query = sql::query(
            "select distinct definition_version from execution where definition_id = $1 and workspace_id = $2",
        );
        let used: Vec<i64> = query.bind(definition.to_string()).bind(workspace.to_string()).values(conn.db()).await?;
        versions.retain(|version| !used.contains(&i64::from(*version)));
        if !versions.is_empty() {
            unused.push((definition, versions));
        }
    }
    Ok(unused)
}

async fn followed(conn: &mut Conn, workspace: WorkspaceId, before: Timestamp) -> Result<Vec<Versions>, StoreError> {
    let query = sql::query(
        "select v.definition_id, v.version from definition d join definition_version v on v.definition_id = d.id
         where d.workspace_id = $1 and v.version < d.version
         and (select n.created_at from definition_version n where n.definition_id = v.definition_id
             and n.version > v.version order by n.version limit 1) < $2
         order by v.definition_id, v.version",
    );
    let rows = query.bind(workspace.to_string()).bind(before.0).fetch_all(conn.db()).await?;
    let mut found: Vec<Versions> = Vec::new();
    for row in rows {
        let (definition, version) = (row.parsed("definition_id")?, row.number("version")?);
        match found.last_mut() {
            Some((last, versions)) if *last == definition => versions.push(version),
            _ => found.push((definition, vec![version])),
        }
    }
    Ok(found)
}

/// Deletes these versions of a definition and says how many there were. The newest is never deleted.
pub async fn versions(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    unused: &[u32],
) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for version in unused {
        let query = sql::query(
            "delete from definition_version where definition_id = $1 and workspace_id = $2 and version = $3
             and version < (select d.version from definition d where d.id = $1)",
        );
        let query = query.bind(definition.to_string()).bind(workspace.to_string()).bind(i64::from(*version));
        deleted += query.execute(conn.db()).await?.rows_affected();
    }
    Ok(deleted)
}
