//! Deleting what is old, in batches, so that no write waits long. Over all workspaces.

use stepwell_core::Timestamp;

use crate::conn::Conn;
use crate::dialect::{self, skip_locked};
use crate::error::StoreError;
use crate::row;
use crate::sql::{self, QueryBuilder};

/// Deletes up to `limit` executions that ended before a time, with their visits, waits and journal, and says how many; fewer
/// than `limit` means that none is left. A contact that may enter once is still known afterwards.
pub async fn executions(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let mut old = QueryBuilder::new("select id from execution where completed_at < ");
    old.push_bind(before.0).push(" order by completed_at, id limit ").push_bind(limit).push(skip_locked(conn));
    let old: Vec<String> = old.build().values(conn.db()).await?;
    for part in old.chunks(500) {
        let mut keep = QueryBuilder::new(
            "insert into entered (workspace_id, definition_id, reentry_key)
             select workspace_id, definition_id, reentry_key from execution where reentry_key is not null",
        );
        row::push_in(&mut keep, " and id in ", part.iter().cloned());
        keep.push(" on conflict (definition_id, reentry_key) do nothing");
        keep.build().execute(conn.db()).await?;
        let mut delete = QueryBuilder::new("delete from execution where ");
        row::push_in(&mut delete, "id in ", part.iter().cloned());
        delete.build().execute(conn.db()).await?;
    }
    Ok(old.len() as u64)
}

/// Deletes up to `limit` executions of definitions that were deleted, and says how many; 0 means that none is left.
pub async fn deleted_definitions(conn: &mut Conn, limit: i64) -> Result<u64, StoreError> {
    loop {
        let query = sql::query("select definition_id from deleted_definition order by deleted_at limit 1");
        let Some(row) = query.fetch_optional(conn.db()).await? else { return Ok(0) };
        let deleted = deleted_definition(conn, row.try_get(0)?, limit).await?;
        if deleted > 0 {
            return Ok(deleted);
        }
    }
}

/// Deletes up to `limit` executions of one deleted definition; once none is left, the note that it was deleted goes too.
pub(crate) async fn deleted_definition(conn: &mut Conn, id: &str, limit: i64) -> Result<u64, StoreError> {
    let query =
        sql::query("delete from execution where id in (select id from execution where definition_id = $1 limit $2)");
    let deleted = query.bind(id).bind(limit).execute(conn.db()).await?.rows_affected();
    if deleted < limit.max(0).unsigned_abs() {
        sql::query("delete from entered where definition_id = $1").bind(id).execute(conn.db()).await?;
        sql::query("delete from deleted_definition where definition_id = $1").bind(id).execute(conn.db()).await?;
    }
    Ok(deleted)
}

/// Deletes up to `limit` events stored before a time, and says how many; fewer than `limit` means that none is left.
pub async fn events(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    // By workspace, as the index is.
    let done = sql::query(
        "delete from event where id in (select id from event where workspace_id in (select id from workspace)
         and created_at < $1 limit $2)",
    )
    .bind(before.0)
    .bind(limit)
    .execute(conn.db())
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` messages that last changed before a time and are not to be tried again, and says how many.
pub async fn messages(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let done = sql::query(
        "delete from outbox_message where id in (select id from outbox_message where next_at is null and updated_at < $1
         order by updated_at limit $2)",
    )
    .bind(before.0)
    .bind(limit)
    .execute(conn.db())
    .await?;
    Ok(done.rows_affected())
}

/// Gives up to `pages` pages that deleting has freed back to the file system.
pub async fn give_back(conn: &mut Conn, pages: u32) -> Result<(), StoreError> {
    dialect::give_back(conn, pages).await
}
