//! What the workflows surface shows beside single things: versions of a graph, sums of counters, names behind ids, and samples
//! to discover fields in. All of it is bounded, whatever a workspace has stored.

use std::collections::HashMap;

use serde_json::{Map, Value};
use stepwell_core::{ContactId, DefinitionId, DefinitionKind, StepId, TemplateId, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::counter::Count;
use crate::error::StoreError;
use crate::page::{Page, offset};
use crate::row::{self, Read, word};
use crate::sql::{self, DbRow, QueryBuilder};

/// The largest document that is read to discover fields, in bytes of its text.
const MAX_SAMPLE: i64 = 16 * 1024;

/// A version of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub version: u32,
    /// When it was saved.
    pub created_at: Timestamp,
}

/// A page of a definition's versions, newest first; pages count from 1.
pub async fn versions(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    page: u32,
    page_size: u32,
) -> Result<Page<Version>, StoreError> {
    let query =
        sql::query("select count(*) as amount from definition_version where definition_id = $1 and workspace_id = $2");
    let total = query.bind(definition.to_string()).bind(workspace.to_string()).fetch_one(conn.db()).await?;
    let query = sql::query(
        "select version, created_at from definition_version where definition_id = $1 and workspace_id = $2
         order by version desc limit $3 offset $4",
    );
    let query = query.bind(definition.to_string()).bind(workspace.to_string());
    let rows = query.bind(i64::from(page_size)).bind(offset(page, page_size)).fetch_all(conn.db()).await?;
    let items =
        row::all(rows, |row| Ok(Version { version: row.number("version")?, created_at: row.time("created_at")? }))?;
    Ok(Page { items, total: total.number("amount")? })
}

/// When a version was saved; `None` if there is no such version.
pub async fn version(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    number: u32,
) -> Result<Option<Version>, StoreError> {
    let query = sql::query(
        "select version, created_at from definition_version where definition_id = $1 and workspace_id = $2 and version = $3",
    );
    let query = query.bind(definition.to_string()).bind(workspace.to_string()).bind(i64::from(number));
    let Some(row) = query.fetch_optional(conn.db()).await? else { return Ok(None) };
    Ok(Some(Version { version: row.number("version")?, created_at: row.time("created_at")? }))
}

/// The counts of these steps, over all versions.
pub async fn totals(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    steps: &[StepId],
) -> Result<HashMap<StepId, Count>, StoreError> {
    let mut select = QueryBuilder::new(
        "select step_id, cast(sum(entered) as bigint) as entered, cast(sum(completed) as bigint) as completed,
         cast(sum(failed) as bigint) as failed, cast(sum(skipped) as bigint) as skipped,
         cast(sum(sent) as bigint) as sent, cast(sum(opened) as bigint) as opened,
         cast(sum(clicked) as bigint) as clicked, cast(sum(bounced) as bigint) as bounced
         from step_counter where definition_id = ",
    );
    select.push_bind(definition.to_string()).push(" and workspace_id = ").push_bind(workspace.to_string());
    row::push_in(&mut select, " and step_id in ", steps.iter().map(StepId::to_string));
    select.push(" group by step_id");
    let rows = select.build().fetch_all(conn.db()).await?;
    let counts = row::all(rows, |row| Ok((row.parsed("step_id")?, count(row)?)))?;
    Ok(counts.into_iter().collect())
}

fn count(row: &DbRow) -> Result<Count, StoreError> {
    Ok(Count {
        entered: row.number("entered")?,
        completed: row.number("completed")?,
        failed: row.number("failed")?,
        skipped: row.number("skipped")?,
        sent: row.number("sent")?,
        opened: row.number("opened")?,
        clicked: row.number("clicked")?,
        bounced: row.number("bounced")?,
    })
}

/// The newest versions that have counted anything, newest first.
pub async fn counted_versions(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    limit: u32,
) -> Result<Vec<u32>, StoreError> {
    let query = sql::query(
        "select distinct version from step_counter where definition_id = $1 and workspace_id = $2
         order by version desc limit $3",
    );
    let query = query.bind(definition.to_string()).bind(workspace.to_string()).bind(i64::from(limit));
    row::all(query.fetch_all(conn.db()).await?, |row| row.number("version"))
}

/// How many executions a definition has.
pub async fn execution_count(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
) -> Result<u64, StoreError> {
    let query = sql::query("select count(*) as amount from execution where definition_id = $1 and workspace_id = $2");
    let row = query.bind(definition.to_string()).bind(workspace.to_string()).fetch_one(conn.db()).await?;
    row.number("amount")
}

/// The addresses of these contacts, those that are gone left out.
pub async fn addresses(
    conn: &mut Conn,
    workspace: WorkspaceId,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, String>, StoreError> {
    let mut select = QueryBuilder::new("select id, email from contact where workspace_id = ");
    select.push_bind(workspace.to_string());
    row::push_in(&mut select, " and id in ", contacts.iter().map(ContactId::to_string));
    let rows = select.build().fetch_all(conn.db()).await?;
    Ok(row::all(rows, |row| Ok((row.parsed("id")?, row.raw("email")?)))?.into_iter().collect())
}

/// The names of these templates, those that are gone left out.
pub async fn template_names(
    conn: &mut Conn,
    workspace: WorkspaceId,
    templates: &[TemplateId],
) -> Result<HashMap<TemplateId, String>, StoreError> {
    let mut select = QueryBuilder::new("select id, name from template where workspace_id = ");
    select.push_bind(workspace.to_string());
    row::push_in(&mut select, " and id in ", templates.iter().map(TemplateId::to_string));
    let rows = select.build().fetch_all(conn.db()).await?;
    Ok(row::all(rows, |row| Ok((row.parsed("id")?, row.raw("name")?)))?.into_iter().collect())
}

/// The data of the newest contacts, unless it is very large.
pub async fn contact_samples(
    conn: &mut Conn,
    workspace: WorkspaceId,
    limit: u32,
) -> Result<Vec<Map<String, Value>>, StoreError> {
    let query = sql::query(
        "select data from (select data, created_at, id from contact where workspace_id = $1
         order by created_at desc, id desc limit $2) newest where length(data) <= $3 order by created_at desc, id desc",
    );
    let query = query.bind(workspace.to_string()).bind(i64::from(limit)).bind(MAX_SAMPLE);
    row::all(query.fetch_all(conn.db()).await?, |row| row.json("data"))
}

/// The data of the newest events of a name, unless it is very large.
pub async fn event_samples(
    conn: &mut Conn,
    workspace: WorkspaceId,
    name: &str,
    limit: u32,
) -> Result<Vec<Value>, StoreError> {
    let query = sql::query(
        "select data from (select data, created_at, id from event where workspace_id = $1 and name = $2
         order by created_at desc, id desc limit $3) newest where length(data) <= $4 order by created_at desc, id desc",
    );
    let query = query.bind(workspace.to_string()).bind(name).bind(i64::from(limit)).bind(MAX_SAMPLE);
    row::all(query.fetch_all(conn.db()).await?, |row| row.json("data"))
}

/// How many workflows of these ids there are.
pub async fn existing(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definitions: &[DefinitionId],
) -> Result<u64, StoreError> {
    let mut select = QueryBuilder::new("select count(*) from definition where workspace_id = ");
    select.push_bind(workspace.to_string());
    select.push(" and kind = ").push_bind(word(&DefinitionKind::Workflow)?);
    row::push_in(&mut select, " and deleted_at is null and id in ", definitions.iter().map(DefinitionId::to_string));
    let count: i64 = select.build().fetch_one(conn.db()).await?.try_get(0)?;
    Ok(count.unsigned_abs())
}
