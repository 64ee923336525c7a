//! Messages and their delivery. At least once: a message is taken under a lease, and one whose lease ran out is taken again.

mod feedback;

use stepwell_core::{Message, MessageId, MessageStatus, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::dialect::skip_locked;
use crate::error::StoreError;
use crate::row::{self, Read, maybe_text, to_json, word};
use crate::sql::{self, DbRow, QueryBuilder};

pub use feedback::{Settled, record_click, record_open, settle};

/// Queues a message. The same message again changes nothing.
pub async fn insert(conn: &mut Conn, message: &Message) -> Result<(), StoreError> {
    sql::query(
        "insert into outbox_message (id, workspace_id, execution_id, step_execution_id, step_id, contact_id, template_id,
         email, status, attempts, next_at, error, opens, clicks, sent_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) on conflict (id) do nothing",
    )
    .bind(message.id.to_string())
    .bind(message.workspace_id.to_string())
    .bind(maybe_text(message.execution_id))
    .bind(maybe_text(message.step_execution_id))
    .bind(maybe_text(message.step_id))
    .bind(maybe_text(message.email.contact_id))
    .bind(maybe_text(message.email.template_id))
    .bind(to_json(&message.email)?)
    .bind(word(&message.status)?)
    .bind(i64::from(message.attempts))
    .bind(message.next_at.map(|time| time.0))
    .bind(message.error.as_deref())
    .bind(i64::from(message.opens))
    .bind(i64::from(message.clicks))
    .bind(message.sent_at.map(|time| time.0))
    .bind(message.created_at.0)
    .bind(message.updated_at.0)
    .execute(conn.db())
    .await?;
    Ok(())
}

/// The message of this id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>, StoreError> {
    let query = sql::query("select * from outbox_message where id = $1 and workspace_id = $2");
    let row = query.bind(id.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// The messages of these ids, oldest first.
pub async fn list(conn: &mut Conn, workspace: WorkspaceId, ids: &[MessageId]) -> Result<Vec<Message>, StoreError> {
    let mut found = Vec::new();
    for part in ids.chunks(500) {
        let mut select = QueryBuilder::new("select * from outbox_message where workspace_id = ");
        select.push_bind(workspace.to_string());
        row::push_in(&mut select, " and id in ", part.iter().map(MessageId::to_string));
        found.extend(row::all(select.build().fetch_all(conn.db()).await?, read)?);
    }
    found.sort_by_key(|message: &Message| (message.created_at, message.id));
    Ok(found)
}

/// Up to `limit` messages that are to be tried at `now`, the longest due first. Over all workspaces.
pub async fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Message>, StoreError> {
    let query = sql::query("select * from outbox_message where next_at <= $1 order by next_at limit $2");
    row::all(query.bind(now.0).bind(limit).fetch_all(conn.db()).await?, read)
}

/// When the next message is to be tried. Over all workspaces.
pub async fn next_at(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let query = sql::query("select min(next_at) as next_at from outbox_message where next_at is not null");
    query.fetch_one(conn.db()).await?.maybe_time("next_at")
}

/// Takes those of these messages that are due at `now` for one attempt, which ends at `until` at the latest, and answers
/// with them. Over all workspaces.
pub async fn claim(
    conn: &mut Conn,
    ids: &[MessageId],
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Message>, StoreError> {
    let mut claimed = Vec::with_capacity(ids.len());
    for part in ids.chunks(500) {
        let mut update = QueryBuilder::new("update outbox_message set attempts = attempts + 1, status = ");
        update.push_bind(word(&MessageStatus::Sending)?).push(", next_at = ").push_bind(until.0);
        update.push(", updated_at = ").push_bind(now.0).push(" where next_at <= ").push_bind(now.0);
        // Another node may be taking some of them.
        update.push(" and id in (select id from outbox_message where next_at <= ").push_bind(now.0);
        row::push_in(&mut update, " and id in ", part.iter().map(MessageId::to_string));
        update.push(skip_locked(conn)).push(") returning *");
        claimed.extend(row::all(update.build().fetch_all(conn.db()).await?, read)?);
    }
    Ok(claimed)
}

/// Takes up to `limit` messages that are due at `now`, the longest due first, for one attempt each, which ends at `until` at the
/// latest. Those that another node is taking at this moment are left to it. Over all workspaces.
pub async fn claim_due(
    conn: &mut Conn,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let mut update = QueryBuilder::new("update outbox_message set attempts = attempts + 1, status = ");
    update.push_bind(word(&MessageStatus::Sending)?).push(", next_at = ").push_bind(until.0);
    update
        .push(", updated_at = ")
        .push_bind(now.0)
        .push(" where id in (select id from outbox_message where next_at <= ");
    update.push_bind(now.0).push(" order by next_at limit ").push_bind(limit).push(skip_locked(conn));
    update.push(") returning *");
    row::all(update.build().fetch_all(conn.db()).await?, read)
}

/// Makes messages due at `now` that somebody took for an attempt, whatever their lease says, and says how many: for the start
/// of the one process that delivers, which knows that nobody holds them any more. Where other nodes deliver as well, each lease
/// has to run out. Over all workspaces.
pub async fn release(conn: &mut Conn, now: Timestamp) -> Result<u64, StoreError> {
    if conn.is_shared() {
        return Ok(0);
    }
    let query =
        sql::query("update outbox_message set next_at = $1, updated_at = $1 where next_at > $1 and status = $2");
    Ok(query.bind(now.0).bind(word(&MessageStatus::Sending)?).execute(conn.db()).await?.rows_affected())
}

pub(crate) fn read(row: &DbRow) -> Result<Message, StoreError> {
    Ok(Message {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        execution_id: row.maybe_parsed("execution_id")?,
        step_execution_id: row.maybe_parsed("step_execution_id")?,
        step_id: row.maybe_parsed("step_id")?,
        email: row.json("email")?,
        status: row.word("status")?,
        attempts: row.number("attempts")?,
        next_at: row.maybe_time("next_at")?,
        error: row.raw("error")?,
        opens: row.number("opens")?,
        clicks: row.number("clicks")?,
        sent_at: row.maybe_time("sent_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
