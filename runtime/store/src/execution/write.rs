//! Storing a decision: all rows of it, or none.

use std::collections::HashSet;

use stepwell_core::{Changes, Execution, JournalKind, StepId, StepStatus};

use crate::conn::Conn;
use crate::counter::{Count, CounterKey};
use crate::error::StoreError;
use crate::row::{maybe_json, maybe_text, to_json, word};
use crate::sql;
use crate::{flow, journal, step_execution, step_value, wait};

/// Stores a new execution. False, and nothing is stored, if the contact may not enter the definition again.
pub async fn insert(conn: &mut Conn, changes: &Changes) -> Result<bool, StoreError> {
    if !insert_execution(conn, &changes.execution).await? {
        return Ok(false);
    }
    // What the statement read may be older than what it wrote: another node may have pruned the execution that held the key
    // while this one waited for it.
    let (key, shared) = (&changes.execution.reentry_key, conn.is_shared());
    if shared && key.is_some() && has_entered(conn, &changes.execution).await? {
        let query = sql::query("delete from execution where id = $1 and workspace_id = $2");
        let (id, workspace) = (changes.execution.id.to_string(), changes.execution.workspace_id.to_string());
        query.bind(id).bind(workspace).execute(conn.db()).await?;
        return Ok(false);
    }
    insert_parts(conn, changes, true).await?;
    Ok(true)
}

/// Stores what was decided about a stored execution. [`StoreError::Fenced`] if it has changed since it was read,
/// [`StoreError::ReentryRefused`] if another execution has taken its re-entry key meanwhile; the write that this is part of
/// must then answer an error, so that nothing of it is kept.
pub async fn apply(conn: &mut Conn, changes: &Changes) -> Result<(), StoreError> {
    let again = |kind| matches!(kind, JournalKind::ExecutionRetried | JournalKind::FlowReopened);
    if changes.journal.iter().any(|entry| again(entry.kind)) {
        refuse_if_entered(conn, &changes.execution).await?;
    }
    update_execution(conn, changes).await?;
    insert_parts(conn, changes, false).await
}

/// A retry takes the re-entry key again. The unique index knows the executions that are stored; this asks for those that were
/// pruned.
async fn refuse_if_entered(conn: &mut Conn, execution: &Execution) -> Result<(), StoreError> {
    if has_entered(conn, execution).await? {
        return Err(StoreError::ReentryRefused(execution.definition_id));
    }
    Ok(())
}

async fn has_entered(conn: &mut Conn, execution: &Execution) -> Result<bool, StoreError> {
    let query = sql::query("select 1 from entered where definition_id = $1 and reentry_key = $2");
    let query = query.bind(execution.definition_id.to_string()).bind(execution.reentry_key.as_deref());
    Ok(query.fetch_optional(conn.db()).await?.is_some())
}

async fn insert_parts(conn: &mut Conn, changes: &Changes, is_new: bool) -> Result<(), StoreError> {
    // Before what takes its place is stored.
    step_value::remove(conn, changes.execution.workspace_id, &changes.large_over).await?;
    step_execution::upsert(conn, &changes.visits).await?;
    // First those that are over: a visit that is woken and waits again has one wait, the new one.
    wait::remove(conn, &changes.execution, &changes.waits_over).await?;
    wait::insert(conn, &changes.waits).await?;
    journal::insert(conn, &changes.journal).await?;
    if let Some(people) = &changes.people {
        flow::apply(conn, &changes.execution, people, is_new).await?;
    }
    count(conn, changes);
    Ok(())
}

async fn insert_execution(conn: &mut Conn, execution: &Execution) -> Result<bool, StoreError> {
    let done = sql::query(
        "insert into execution (id, workspace_id, definition_id, definition_version, contact_id, status, current_step_id,
         exit_reason, event_name, event, variables, reentry, reentry_key, row_version, journal_length, started_at,
         completed_at, created_at, updated_at, output_bytes, marking, graph_revision, parent)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23
         where not exists (select 1 from entered where definition_id = $3 and reentry_key = $13)
         on conflict (definition_id, reentry_key) where reentry_key is not null do nothing",
    )
    .bind(execution.id.to_string())
    .bind(execution.workspace_id.to_string())
    .bind(execution.definition_id.to_string())
    .bind(i64::from(execution.definition_version))
    .bind(maybe_text(execution.contact_id))
    .bind(execution.status.as_str())
    .bind(maybe_text(execution.current_step_id))
    .bind(execution.exit_reason.as_deref())
    .bind(execution.event_name.as_deref())
    .bind(to_json(&execution.event)?)
    .bind(to_json(&execution.variables)?)
    .bind(word(&execution.reentry)?)
    .bind(execution.reentry_key.as_deref())
    .bind(execution.row_version)
    .bind(execution.journal_length)
    .bind(execution.started_at.0)
    .bind(execution.completed_at.map(|time| time.0))
    .bind(execution.created_at.0)
    .bind(execution.updated_at.0)
    .bind(execution.output_bytes)
    .bind(marking(execution)?)
    .bind(i64::from(execution.graph_revision))
    .bind(maybe_json(execution.parent.as_ref())?)
    .execute(conn.db())
    .await?;
    conn.wrote(execution.id.0);
    Ok(done.rows_affected() > 0)
}

async fn update_execution(conn: &mut Conn, changes: &Changes) -> Result<(), StoreError> {
    let execution = &changes.execution;
    conn.wrote(execution.id.0);
    let done = sql::query(
        "update execution set status = $4, current_step_id = $5, exit_reason = $6, event = $7, variables = $8,
         reentry_key = $9, row_version = $10, journal_length = $11, completed_at = $12, updated_at = $13,
         output_bytes = $14, marking = $15, graph_revision = $16
         where id = $1 and workspace_id = $2 and row_version = $3",
    )
    .bind(execution.id.to_string())
    .bind(execution.workspace_id.to_string())
    .bind(changes.expected)
    .bind(execution.status.as_str())
    .bind(maybe_text(execution.current_step_id))
    .bind(execution.exit_reason.as_deref())
    .bind(to_json(&execution.event)?)
    .bind(to_json(&execution.variables)?)
    .bind(execution.reentry_key.as_deref())
    .bind(execution.row_version)
    .bind(execution.journal_length)
    .bind(execution.completed_at.map(|time| time.0))
    .bind(execution.updated_at.0)
    .bind(execution.output_bytes)
    .bind(marking(execution)?)
    .bind(i64::from(execution.graph_revision))
    .execute(conn.db())
    .await
    .map_err(|error| StoreError::unless_duplicate(error, || StoreError::ReentryRefused(execution.definition_id)))?;
    if done.rows_affected() == 0 { Err(StoreError::Fenced(execution.id)) } else { Ok(()) }
}

/// What an execution remembers of its way; null on a single path, where that is nothing.
fn marking(execution: &Execution) -> Result<Option<String>, StoreError> {
    maybe_json(Some(&execution.marking).filter(|marking| !marking.is_empty()))
}

/// Counts what happened at each step. The journal says it: each visit is scheduled once and ends once. Only the trigger's
/// visit, which a new execution begins with, has no entry of its own.
fn count(conn: &mut Conn, changes: &Changes) {
    for entry in &changes.journal {
        if let (Some(step), Some(count)) = (entry.step_id, counted(entry.kind)) {
            conn.count(key(changes, step), count);
        }
    }
    if changes.expected.is_some() {
        return;
    }
    let noted: HashSet<_> = changes.journal.iter().filter_map(|entry| entry.step_execution_id).collect();
    for visit in changes.visits.iter().filter(|visit| !noted.contains(&visit.id)) {
        let completed = u64::from(visit.status == StepStatus::Completed);
        conn.count(key(changes, visit.step_id), Count { entered: 1, completed, ..Count::default() });
    }
}

fn key(changes: &Changes, step_id: StepId) -> CounterKey {
    CounterKey {
        workspace_id: changes.execution.workspace_id,
        definition_id: changes.execution.definition_id,
        version: changes.execution.definition_version,
        step_id,
    }
}

fn counted(kind: JournalKind) -> Option<Count> {
    let none = Count::default();
    match kind {
        JournalKind::StepScheduled => Some(Count { entered: 1, ..none }),
        JournalKind::StepCompleted => Some(Count { completed: 1, ..none }),
        JournalKind::StepFailed => Some(Count { failed: 1, ..none }),
        JournalKind::StepSkipped => Some(Count { skipped: 1, ..none }),
        JournalKind::ExecutionStarted
        | JournalKind::StepHeld
        | JournalKind::PassBegun
        | JournalKind::StepWaiting
        | JournalKind::StepWoken
        | JournalKind::StepCheckpointed
        | JournalKind::StepRetrying
        | JournalKind::ExecutionCompleted
        | JournalKind::ExecutionExited
        | JournalKind::ExecutionFailed
        | JournalKind::ExecutionCancelled
        | JournalKind::ExecutionRetried
        | JournalKind::TaskChanged
        | JournalKind::TaskAdded
        | JournalKind::TaskRemoved
        | JournalKind::TaskAssigned
        | JournalKind::TaskCommented
        | JournalKind::TaskReverted
        | JournalKind::PhaseChanged
        | JournalKind::FlowChanged
        | JournalKind::FlowClosed
        | JournalKind::FlowReopened => None,
    }
}
