//! What happened: storing events and asking about them. A name may have aliases; questions take all names that mean the same.

use serde_json::Value;
use stepwell_core::{ContactId, Event, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read, maybe_text, to_json};
use crate::sql::{self, DbRow, QueryBuilder};

/// Stores an event.
pub async fn insert(conn: &mut Conn, event: &Event) -> Result<(), StoreError> {
    sql::query(
        "insert into event (id, workspace_id, name, contact_id, message_id, data, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event.id.to_string())
    .bind(event.workspace_id.to_string())
    .bind(&event.name)
    .bind(maybe_text(event.contact_id))
    .bind(maybe_text(event.message_id))
    .bind(to_json(&event.data)?)
    .bind(event.created_at.0)
    .execute(conn.db())
    .await?;
    Ok(())
}

/// The last events, newest first, of one name or of all.
pub async fn recent(
    conn: &mut Conn,
    workspace: WorkspaceId,
    name: Option<&str>,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let mut select = QueryBuilder::new("select * from event where workspace_id = ");
    select.push_bind(workspace.to_string());
    if let Some(name) = name {
        select.push(" and name = ").push_bind(name.to_owned());
    }
    newest_first(conn, select, limit).await
}

/// The last events of a contact, newest first.
pub async fn of_contact(
    conn: &mut Conn,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let mut select = QueryBuilder::new("select * from event where contact_id = ");
    select.push_bind(contact.to_string()).push(" and workspace_id = ").push_bind(workspace.to_string());
    newest_first(conn, select, limit).await
}

async fn newest_first(conn: &mut Conn, mut select: QueryBuilder, limit: i64) -> Result<Vec<Event>, StoreError> {
    select.push(" order by created_at desc, id desc limit ").push_bind(limit);
    row::all(select.build().fetch_all(conn.db()).await?, read)
}

/// The data of the last events of a name, newest first: what to discover fields in.
pub async fn samples(
    conn: &mut Conn,
    workspace: WorkspaceId,
    name: &str,
    limit: i64,
) -> Result<Vec<Value>, StoreError> {
    Ok(recent(conn, workspace, Some(name), limit).await?.into_iter().map(|event| event.data).collect())
}

/// The names that were ever used, in order.
pub async fn names(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<String>, StoreError> {
    // From name to name along the index: as many steps as there are names, not events.
    let query = sql::query(
        "with recursive used (name) as (
             select min(name) from event where workspace_id = $1
             union all
             select (select min(e.name) from event e where e.workspace_id = $1 and e.name > used.name)
             from used where used.name is not null)
         select name from used where name is not null order by name",
    );
    Ok(query.bind(workspace.to_string()).values(conn.db()).await?)
}

/// How many events of each name there were from `start` on and before `end`, most first.
pub async fn stats(
    conn: &mut Conn,
    workspace: WorkspaceId,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Result<Vec<(String, u64)>, StoreError> {
    let rows = sql::query(
        "select name, count(*) as amount from event where workspace_id = $1 and created_at >= $2 and created_at < $3
         group by name order by amount desc, name",
    )
    .bind(workspace.to_string())
    .bind(start.map_or(i64::MIN, |time| time.0))
    .bind(end.map_or(i64::MAX, |time| time.0))
    .fetch_all(conn.db())
    .await?;
    row::all(rows, |row| Ok((row.raw("name")?, row.number("amount")?)))
}

/// How many events of any of these names a contact has, all or since a time.
pub async fn count(
    conn: &mut Conn,
    workspace: WorkspaceId,
    contact: ContactId,
    names: &[&str],
    since: Option<Timestamp>,
) -> Result<u64, StoreError> {
    let mut select = QueryBuilder::new("select count(*) from event where contact_id = ");
    select.push_bind(contact.to_string()).push(" and workspace_id = ").push_bind(workspace.to_string());
    row::push_in(&mut select, " and name in ", names.iter().map(|name| (*name).to_owned()));
    if let Some(since) = since {
        select.push(" and created_at >= ").push_bind(since.0);
    }
    let count: i64 = select.build().fetch_one(conn.db()).await?.try_get(0)?;
    Ok(count.unsigned_abs())
}

/// How much a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventUsage {
    /// Events of the name.
    pub events: u64,
    /// Different contacts that have one.
    pub contacts: u64,
}

/// How much a name is used.
pub async fn usage(conn: &mut Conn, workspace: WorkspaceId, name: &str) -> Result<EventUsage, StoreError> {
    let row = sql::query(
        "select count(*) as events, count(distinct contact_id) as contacts from event where workspace_id = $1 and name = $2",
    )
    .bind(workspace.to_string())
    .bind(name)
    .fetch_one(conn.db())
    .await?;
    Ok(EventUsage { events: row.number("events")?, contacts: row.number("contacts")? })
}

/// Deletes up to `limit` events of a name and says how many; fewer than `limit` means that none is left.
pub async fn delete_by_name(
    conn: &mut Conn,
    workspace: WorkspaceId,
    name: &str,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sql::query(
        "delete from event where id in (select id from event where workspace_id = $1 and name = $2 limit $3)",
    )
    .bind(workspace.to_string())
    .bind(name)
    .bind(limit)
    .execute(conn.db())
    .await?;
    Ok(done.rows_affected())
}

fn read(row: &DbRow) -> Result<Event, StoreError> {
    Ok(Event {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        name: row.raw("name")?,
        contact_id: row.maybe_parsed("contact_id")?,
        message_id: row.maybe_parsed("message_id")?,
        data: row.json("data")?,
        created_at: row.time("created_at")?,
    })
}
