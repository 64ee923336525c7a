//! What only the management routes ask: who listens to an event, which addresses are suppressed, a new signing secret.

use serde_json::Value;
use stepwell_core::{DefinitionId, Graph, Timestamp, WorkspaceId, canonical_name};

use crate::conn::Conn;
use crate::dialect;
use crate::error::StoreError;
use crate::page::Page;
use crate::row::{Read, all};
use crate::sql::{DbRow, query};

/// An address that gets no marketing messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The address, lower-cased.
    pub email: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// A page of the suppressed addresses in alphabetical order, of those that contain `search` if it is given.
pub async fn suppressions(
    conn: &mut Conn,
    workspace: WorkspaceId,
    search: Option<&str>,
    limit: u32,
    offset: u64,
) -> Result<Page<Suppressed>, StoreError> {
    let pattern = search.map(|text| dialect::contains(&text.to_lowercase()));
    let rows = query(
        "select email, reason, created_at from suppression
         where workspace_id = $1 and ($2 is null or email like $2 escape '\\') order by email limit $3 offset $4",
    )
    .bind(workspace.to_string())
    .bind(&pattern)
    .bind(i64::from(limit))
    .bind(i64::try_from(offset).unwrap_or(i64::MAX))
    .fetch_all(conn.db())
    .await?;
    let total = query(
        "select count(*) as n from suppression
         where workspace_id = $1 and ($2 is null or email like $2 escape '\\')",
    )
    .bind(workspace.to_string())
    .bind(&pattern)
    .fetch_one(conn.db())
    .await?;
    Ok(Page { items: all(rows, suppressed)?, total: total.number("n")? })
}

/// Why and since when an address is suppressed.
pub async fn suppression(
    conn: &mut Conn,
    workspace: WorkspaceId,
    email: &str,
) -> Result<Option<Suppressed>, StoreError> {
    let row = query("select email, reason, created_at from suppression where workspace_id = $1 and email = $2")
        .bind(workspace.to_string())
        .bind(stepwell_core::normalise_email(email))
        .fetch_optional(conn.db())
        .await?;
    row.as_ref().map(suppressed).transpose()
}

fn suppressed(row: &DbRow) -> Result<Suppressed, StoreError> {
    Ok(Suppressed { email: row.raw("email")?, reason: row.raw("reason")?, created_at: row.time("created_at")? })
}

/// Replaces the secret that signs a workspace's webhooks; false if there is no such workspace.
pub async fn set_webhook_secret(
    conn: &mut Conn,
    workspace: WorkspaceId,
    secret: &[u8],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = query("update workspace set webhook_secret = $2, updated_at = $3 where id = $1")
        .bind(workspace.to_string())
        .bind(secret)
        .bind(now.0)
        .execute(conn.db())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The definitions that an event of this name, or of one that means the same, starts or may resume: those it triggers, and
/// those with a step whose configuration names it as `eventName`. Oldest first.
pub async fn definitions_using_event(
    conn: &mut Conn,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Vec<(DefinitionId, String)>, StoreError> {
    let name = canonical_name(name);
    let rows = query(
        "select d.id, d.name, d.event_name, v.graph from definition d
         join definition_version v on v.definition_id = d.id and v.version = d.version and v.workspace_id = d.workspace_id
         where d.workspace_id = $1 and d.deleted_at is null and (d.event_name = $2 or v.graph like '%\"eventName\"%')
         order by d.created_at, d.id",
    )
    .bind(workspace.to_string())
    .bind(name)
    .fetch_all(conn.db())
    .await?;
    let found = all(rows, |row| {
        let triggers = row.raw::<Option<&str>>("event_name")? == Some(name);
        let uses = triggers || names(&row.json::<Graph>("graph")?, name);
        Ok(if uses { Some((row.parsed("id")?, row.raw("name")?)) } else { None })
    })?;
    Ok(found.into_iter().flatten().collect())
}

fn names(graph: &Graph, name: &str) -> bool {
    let named = |config: &Value| config.get("eventName").and_then(Value::as_str).map(canonical_name) == Some(name);
    graph.steps.iter().any(|step| step.step_type != stepwell_core::TRIGGER && named(&step.config))
}
