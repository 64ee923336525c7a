//! Which visits are due, and taking them to run. Over all workspaces: this is the dispatcher's view.

use sqlx::QueryBuilder;
use stepwell_core::{StepExecution, StepExecutionId, Timestamp};

use crate::conn::Conn;
use crate::dialect::Db;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::step_execution::read;

/// The name under which a node holds leases. There is one node; with many, each brings its own.
pub(crate) const NODE: &str = "single";

/// How long a lease lasts. With one node nobody waits for its end: what runs when the server stops is found at start.
pub(crate) const LEASE_MS: i64 = 60_000;

/// Up to `limit` visits that are pending and due at `now`, the longest due first.
pub async fn ready(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<StepExecution>, StoreError> {
    let query =
        sqlx::query("select * from step_execution where status = 'pending' and run_at <= $1 order by run_at limit $2");
    row::all(query.bind(now.0).bind(limit).fetch_all(conn.db()).await?, read)
}

/// Takes those of these visits that are still pending, and answers with them, running.
pub async fn claim(conn: &mut Conn, ids: &[StepExecutionId], now: Timestamp) -> Result<Vec<StepExecution>, StoreError> {
    let mut claimed = Vec::with_capacity(ids.len());
    for part in ids.chunks(500) {
        let mut update = QueryBuilder::<Db>::new("update step_execution set status = 'running', updated_at = ");
        update.push_bind(now.0).push(", started_at = coalesce(started_at, ").push_bind(now.0);
        update.push("), lease_owner = ").push_bind(NODE);
        update.push(", lease_until = ").push_bind(now.plus_millis(LEASE_MS).0);
        row::push_in(&mut update, " where status = 'pending' and id in ", part.iter().map(StepExecutionId::to_string));
        update.push(" returning *");
        claimed.extend(row::all(update.build().fetch_all(conn.db()).await?, read)?);
    }
    Ok(claimed)
}

/// Up to `limit` visits that run, in the order of their ids after `after`: at start, those that ran when the server stopped.
pub async fn running_all(
    conn: &mut Conn,
    after: Option<StepExecutionId>,
    limit: i64,
) -> Result<Vec<StepExecution>, StoreError> {
    let query = sqlx::query(
        "select * from step_execution where status = 'running' and run_at is not null and id > $1 order by id limit $2",
    );
    let query = query.bind(after.map_or_else(String::new, |id| id.to_string())).bind(limit);
    row::all(query.fetch_all(conn.db()).await?, read)
}

/// When the next pending visit or the next end of a wait is due; `None` if there is neither.
pub async fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let query = sqlx::query(
        "select min(at) as at from (
             select (select min(run_at) from step_execution where status = 'pending' and run_at is not null) as at
             union all
             select (select min(due_at) from wait where due_at is not null) as at) as next",
    );
    query.fetch_one(conn.db()).await?.maybe_time("at")
}
