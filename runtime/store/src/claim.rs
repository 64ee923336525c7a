//! Which visits are due, and taking them to run. Over all workspaces: this is the dispatcher's view.
//!
//! A visit that runs is held by one node. SQLite has one; PostgreSQL has any number, and what a node holds is taken over by
//! another once it has given no [sign of life](alive) for the length of a lease. What it does then comes too late ([`holds`]).

use std::time::Duration;

use stepwell_core::{StepExecution, StepExecutionId, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::dialect::skip_locked;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql::{self, QueryBuilder};
use crate::step_execution::read;
use crate::step_value::{select_visits, visit_columns};

/// How long a node may give no sign of life before others take over what it holds, unless another time is set
/// ([`StoreOptions`](crate::StoreOptions)). The `lease_until` of a visit is for people who look; what counts is the node's.
pub const LEASE_MS: i64 = 30_000;

/// Nodes that have been silent for this long are forgotten: nobody asks about them any more.
const FORGOTTEN_MS: i64 = 24 * 60 * 60 * 1000;

/// Up to `limit` visits that are pending and due at `now`, the longest due first.
pub async fn ready(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<StepExecution>, StoreError> {
    let query = sql::query(select_visits!("where status = 'pending' and run_at <= $1 order by run_at limit $2"));
    row::all(query.bind(now.0).bind(limit).fetch_all(conn.db()).await?, read)
}

/// Takes those of these visits that are still pending, and answers with them, running. Those that another node is taking at
/// this moment are left to it.
pub async fn claim(conn: &mut Conn, ids: &[StepExecutionId], now: Timestamp) -> Result<Vec<StepExecution>, StoreError> {
    let mut claimed = Vec::with_capacity(ids.len());
    for part in ids.chunks(500) {
        let mut update = QueryBuilder::new("update step_execution set status = 'running', updated_at = ");
        update.push_bind(now.0).push(", started_at = coalesce(started_at, ").push_bind(now.0).push(")");
        push_lease(&mut update, conn, now);
        update.push(" where id in (select id from step_execution");
        row::push_in(&mut update, " where status = 'pending' and id in ", part.iter().map(StepExecutionId::to_string));
        update.push(skip_locked(conn)).push(") returning ").push(visit_columns!());
        claimed.extend(row::all(update.build().fetch_all(conn.db()).await?, read)?);
    }
    Ok(claimed)
}

/// Takes up to `limit` visits of a workspace that are pending and due at `now`, the longest due first, and answers with them,
/// running. Those that another node is taking at this moment are left to it.
pub async fn claim_due(
    conn: &mut Conn,
    workspace: WorkspaceId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<StepExecution>, StoreError> {
    let mut update = QueryBuilder::new("update step_execution set status = 'running', updated_at = ");
    update.push_bind(now.0).push(", started_at = coalesce(started_at, ").push_bind(now.0).push(")");
    push_lease(&mut update, conn, now);
    update.push(" where id in (select id from step_execution where status = 'pending' and workspace_id = ");
    update.push_bind(workspace.to_string()).push(" and run_at is not null and run_at <= ");
    update.push_bind(now.0).push(" order by run_at limit ").push_bind(limit).push(skip_locked(conn));
    update.push(") returning ").push(visit_columns!());
    row::all(update.build().fetch_all(conn.db()).await?, read)
}

/// Gives back visits that this node holds and has no room for: any node may take them.
pub async fn give_back(conn: &mut Conn, ids: &[StepExecutionId], now: Timestamp) -> Result<(), StoreError> {
    for part in ids.chunks(500) {
        let mut update = QueryBuilder::new("update step_execution set status = 'pending', lease_owner = null, ");
        update.push("lease_until = null, updated_at = ").push_bind(now.0);
        update.push(" where status = 'running' and run_at is not null and lease_owner = ").push_bind(conn.node());
        row::push_in(&mut update, " and id in ", part.iter().map(StepExecutionId::to_string));
        update.build().execute(conn.db()).await?;
    }
    Ok(())
}

fn push_lease(update: &mut QueryBuilder, conn: &Conn, now: Timestamp) {
    update.push(", lease_owner = ").push_bind(conn.node());
    update.push(", lease_until = ").push_bind(now.plus_millis(LEASE_MS).0);
}

/// Says that this node lives, and keeps what it holds for another lease. To be called several times within one.
pub async fn alive(conn: &mut Conn, now: Timestamp, lease: Duration) -> Result<(), StoreError> {
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let query = sql::query(
        "insert into node (id, lease_until) values ($1, $2) on conflict (id) do update set lease_until = excluded.lease_until",
    );
    query.bind(conn.node()).bind(now.plus_millis(lease).0).execute(conn.db()).await?;
    let query = sql::query("delete from node where lease_until < $1");
    query.bind(now.plus_millis(-FORGOTTEN_MS).0).execute(conn.db()).await?;
    Ok(())
}

/// Whether this node is the one of those that live which does what one is enough for. While nodes come and go it may be two, or
/// none.
pub async fn leads(conn: &mut Conn, now: Timestamp) -> Result<bool, StoreError> {
    if !conn.is_shared() {
        return Ok(true);
    }
    let query = sql::query("select 1 from node where id < $1 and lease_until > $2 limit 1");
    Ok(query.bind(conn.node()).bind(now.0).fetch_optional(conn.db()).await?.is_none())
}

/// Says that this node stops: what it still holds may be taken over at once.
pub async fn leave(conn: &mut Conn) -> Result<(), StoreError> {
    let node = conn.node().to_owned();
    gone(conn, &node).await
}

/// Says that a node of this name is no more: what it held may be taken over at once. If it lives after all, what it decides is
/// fenced.
pub async fn gone(conn: &mut Conn, node: &str) -> Result<(), StoreError> {
    sql::query("delete from node where id = $1").bind(node).execute(conn.db()).await?;
    Ok(())
}

/// Takes over up to `limit` running visits whose node has given no sign of life for a lease, the longest due first. What that
/// node still decides about them is fenced: it was decided on a version of the execution that is no longer the stored one.
pub async fn take_over(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<StepExecution>, StoreError> {
    let mut find =
        QueryBuilder::new("select distinct execution_id from (select execution_id from step_execution where ");
    push_abandoned(&mut find, conn, now);
    find.push(" order by run_at limit ").push_bind(limit).push(") as found");
    let found: Vec<String> = find.build().values(conn.db()).await?;
    let mut taken = Vec::new();
    for part in found.chunks(500) {
        // First the execution, then its visits: the order in which every write locks them.
        let mut fence = QueryBuilder::new("update execution set row_version = row_version + 1 where id in (");
        row::push_in(&mut fence, "select id from execution where id in ", part.iter().cloned());
        fence.push(skip_locked(conn)).push(") returning id");
        let fenced: Vec<String> = fence.build().values(conn.db()).await?;
        let mut update = QueryBuilder::new("update step_execution set updated_at = ");
        update.push_bind(now.0);
        push_lease(&mut update, conn, now);
        update.push(" where ");
        push_abandoned(&mut update, conn, now);
        row::push_in(&mut update, " and execution_id in ", fenced.into_iter());
        update.push(" returning ").push(visit_columns!());
        taken.extend(row::all(update.build().fetch_all(conn.db()).await?, read)?);
    }
    Ok(taken)
}

fn push_abandoned(query: &mut QueryBuilder, conn: &Conn, now: Timestamp) {
    query.push("status = 'running' and run_at is not null and lease_owner <> ").push_bind(conn.node());
    query.push(" and not exists (select 1 from node where node.id = step_execution.lease_owner and lease_until > ");
    query.push_bind(now.0).push(")");
}

/// Whether a visit still runs on this node. If not, what the node has done with it comes too late.
pub async fn holds(conn: &mut Conn, visit: StepExecutionId) -> Result<bool, StoreError> {
    if !conn.is_shared() {
        return Ok(true);
    }
    let query = sql::query("select 1 from step_execution where id = $1 and lease_owner = $2");
    Ok(query.bind(visit.to_string()).bind(conn.node()).fetch_optional(conn.db()).await?.is_some())
}

/// When the next pending visit or the next end of a wait is due; `None` if there is neither.
pub async fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let query = sql::query(
        "select min(at) as at from (
             select (select min(run_at) from step_execution where status = 'pending' and run_at is not null) as at
             union all
             select (select min(due_at) from wait where due_at is not null) as at) as next",
    );
    query.fetch_one(conn.db()).await?.maybe_time("at")
}
