//! Rows of visits to steps. They are written with their execution and found through it; which of them are due is the
//! business of [`claim`](crate::claim).

use std::collections::HashMap;

use stepwell_core::{StepExecution, StepExecutionId, StepStatus, WorkspaceId};

use crate::claim::LEASE_MS;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{Read, maybe_json, maybe_text};
use crate::sql::{self, DbRow, QueryBuilder};
use crate::step_value::{self, APART, Kind, Large, select_visits};

/// Visits of one statement; a statement has a bound on parameters.
const ROWS: usize = 100;

/// The visit of this id.
pub async fn get(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: StepExecutionId,
) -> Result<Option<StepExecution>, StoreError> {
    let query = sql::query(select_visits!("where id = $1 and workspace_id = $2"));
    let row = query.bind(id.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    row.as_ref().map(read).transpose()
}

/// Inserts or replaces visits. Of a visit that is there twice the last counts.
pub(crate) async fn upsert(conn: &mut Conn, visits: &[StepExecution]) -> Result<(), StoreError> {
    let last: HashMap<StepExecutionId, usize> = visits.iter().enumerate().map(|(at, visit)| (visit.id, at)).collect();
    let visits: Vec<_> = visits.iter().enumerate().filter(|(at, visit)| last.get(&visit.id) == Some(at)).collect();
    let node = conn.node().to_owned();
    let mut large = Vec::new();
    for part in visits.chunks(ROWS) {
        let rows = part.iter().map(|(_, visit)| Texts::of(visit, &mut large)).collect::<Result<Vec<_>, _>>()?;
        let mut query = QueryBuilder::new(INSERT);
        query.push_values(rows, |values, texts| {
            let visit = texts.visit;
            values.push_bind(visit.id.to_string()).push_bind(visit.workspace_id.to_string());
            values.push_bind(visit.execution_id.to_string()).push_bind(visit.step_id.to_string());
            values.push_bind(visit.status.as_str()).push_bind(i64::from(visit.attempt));
            values.push_bind(visit.run_at.map(|time| time.0)).push_bind(i64::from(visit.resumes));
            values.push_bind(texts.wake).push_bind(texts.state).push_bind(texts.output).push_bind(texts.failure);
            values.push_bind(visit.due_at.map(|time| time.0)).push_bind(maybe_text(visit.plugin));
            let leased = visit.status == StepStatus::Running;
            values.push_bind(leased.then_some(&*node));
            values.push_bind(leased.then(|| visit.updated_at.plus_millis(LEASE_MS).0));
            values.push_bind(visit.started_at.map(|time| time.0)).push_bind(visit.completed_at.map(|time| time.0));
            values.push_bind(visit.created_at.0).push_bind(visit.updated_at.0);
        });
        query.push(REPLACE);
        query.build().execute(conn.db()).await?;
    }
    step_value::insert(conn, large).await
}

const INSERT: &str =
    "insert into step_execution (id, workspace_id, execution_id, step_id, status, attempt, run_at, resumes,
    wake, state, output, failure, due_at, plugin, lease_owner, lease_until, started_at, completed_at, created_at,
    updated_at) ";

const REPLACE: &str = " on conflict (id) do update set status = excluded.status, attempt = excluded.attempt,
    run_at = excluded.run_at, resumes = excluded.resumes, wake = excluded.wake, state = excluded.state,
    output = excluded.output, failure = excluded.failure, due_at = excluded.due_at, plugin = excluded.plugin,
    lease_owner = excluded.lease_owner, lease_until = excluded.lease_until, started_at = excluded.started_at,
    completed_at = excluded.completed_at, updated_at = excluded.updated_at
    where step_execution.workspace_id = excluded.workspace_id and step_execution.execution_id = excluded.execution_id";

/// A visit and the JSON text of its parts.
struct Texts<'v> {
    visit: &'v StepExecution,
    wake: Option<String>,
    state: Option<String>,
    output: Option<String>,
    failure: Option<String>,
}

impl<'v> Texts<'v> {
    fn of(visit: &'v StepExecution, large: &mut Vec<Large<'v>>) -> Result<Self, StoreError> {
        Ok(Self {
            visit,
            wake: maybe_json(visit.wake.as_ref())?,
            state: step_value::hot(visit, Kind::State, maybe_json(visit.state.as_ref())?, large),
            output: step_value::hot(visit, Kind::Output, maybe_json(visit.output.as_ref())?, large),
            failure: maybe_json(visit.failure.as_ref())?,
        })
    }
}

/// Reads a row that was selected with [`select_visits`] or [`visit_columns`](step_value::visit_columns).
pub(crate) fn read(row: &DbRow) -> Result<StepExecution, StoreError> {
    Ok(StepExecution {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        execution_id: row.parsed("execution_id")?,
        step_id: row.parsed("step_id")?,
        status: row.word("status")?,
        attempt: row.number("attempt")?,
        run_at: row.maybe_time("run_at")?,
        resumes: row.number("resumes")?,
        wake: row.maybe_json("wake")?,
        state: row.maybe_json(place(row, "state", "large_state")?)?,
        output: row.maybe_json(place(row, "output", "large_output")?)?,
        failure: row.maybe_json("failure")?,
        due_at: row.maybe_time("due_at")?,
        plugin: row.maybe_parsed("plugin")?,
        started_at: row.maybe_time("started_at")?,
        completed_at: row.maybe_time("completed_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// Where a value is: in the hot row, or apart.
fn place(row: &DbRow, hot: &'static str, apart: &'static str) -> Result<&'static str, StoreError> {
    Ok(if row.raw::<Option<&str>>(hot)? == Some(APART) { apart } else { hot })
}
