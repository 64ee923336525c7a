//! Ending waits of executions that are not touched otherwise: the wait is due at once, and the timer does the rest in a commit of
//! that execution's own. So no commit decides about two executions.

use serde_json::json;
use stepwell_core::flow::ENTITY_CHANGED;
use stepwell_core::{EventId, ReceivedEvent, StepExecutionId, Timestamp, Wake, WorkspaceId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, to_json};
use crate::sql::{self, QueryBuilder};

/// The most waits that [`nudge_watchers`] ends at once.
pub const NUDGED_AT_ONCE: u64 = 500;

/// Has a visit's wait end at `now` with this; false if the visit does not wait. What had ended it before and was not taken up yet
/// is forgotten.
pub async fn nudge(
    conn: &mut Conn,
    workspace: WorkspaceId,
    visit: StepExecutionId,
    wake: &Wake,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let query =
        sql::query("update wait set due_at = $3, ended_by = $4 where step_execution_id = $1 and workspace_id = $2");
    let query = query.bind(visit.to_string()).bind(workspace.to_string()).bind(now.0).bind(to_json(wake)?);
    Ok(query.execute(conn.db()).await?.rows_affected() > 0)
}

/// Has the waits of tasks end at `now` whose execution is about an entity and that depend on what is known of it; how many.
///
/// At most [`NUDGED_AT_ONCE`]; if it was so many, there may be more: the same again, with the same `now`, goes on with them. Waits
/// that began after `now` and those that something has ended already are left alone.
pub async fn nudge_watchers(
    conn: &mut Conn,
    workspace: WorkspaceId,
    schema: &str,
    entity: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    lock_contexts(conn, workspace, schema, entity).await?;
    let visits = watchers(conn, workspace, (schema, entity), now).await?;
    if visits.is_empty() {
        return Ok(0);
    }
    let mut update = QueryBuilder::new("update wait set due_at = ");
    update.push_bind(now.0).push(", ended_by = ").push_bind(to_json(&changed(schema, entity, now))?);
    update.push(" where workspace_id = ").push_bind(workspace.to_string());
    row::push_in(&mut update, " and step_execution_id in ", visits.into_iter());
    Ok(update.build().execute(conn.db()).await?.rows_affected())
}

/// Where others write too: a commit that begins to watch, having read the entity as it was, is over before this goes on, or sees
/// the entity as it is now. See [`flow::is_current`](crate::flow::is_current).
async fn lock_contexts(conn: &mut Conn, workspace: WorkspaceId, schema: &str, entity: &str) -> Result<(), StoreError> {
    if conn.locks() {
        let query = sql::query(
            "select c.execution_id from flow_context c join flow f on f.execution_id = c.execution_id
             where c.workspace_id = $1 and c.entity_id = $2 and c.schema = $3 and f.status = 'started'
             order by c.execution_id for update of c",
        );
        query.bind(workspace.to_string()).bind(entity).bind(schema).fetch_all(conn.db()).await?;
    }
    Ok(())
}

async fn watchers(
    conn: &mut Conn,
    workspace: WorkspaceId,
    (schema, entity): (&str, &str),
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let query = sql::query(
        "select w.step_execution_id from flow_context c
         join task t on t.execution_id = c.execution_id
         join step_execution v on v.execution_id = t.execution_id and v.step_id = t.step_id and v.status = 'waiting'
         join wait w on w.step_execution_id = v.id
         where c.workspace_id = $1 and c.entity_id = $2 and c.schema = $3 and t.watches = 1
         and t.current_since is not null and w.ended_by is null and w.created_at <= $4
         order by w.step_execution_id limit $5",
    );
    let query = query.bind(workspace.to_string()).bind(entity).bind(schema).bind(now.0);
    Ok(query.bind(NUDGED_AT_ONCE.cast_signed()).values(conn.db()).await?)
}

/// What a wait ends with when an entity has changed.
fn changed(schema: &str, entity: &str, now: Timestamp) -> Wake {
    let id = Uuid::parse_str(entity).unwrap_or_default();
    Wake::Event(ReceivedEvent {
        id: EventId::from(id),
        name: ENTITY_CHANGED.to_owned(),
        data: json!({ "schema": schema, "id": entity }),
        received_at: now,
    })
}
