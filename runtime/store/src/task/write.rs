//! Storing tasks with the decision that changed them.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepwell_core::flow::{Assignee, Schedule, Surface, Task, TaskSpec, TaskStatus};
use stepwell_core::{Execution, Graph, TaskId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::execution;
use crate::row::{self, to_json, word};
use crate::sql::QueryBuilder;

/// Tasks, ids or assignees of one statement; a statement has a bound on parameters.
const ROWS: usize = 100;

const INSERT: &str =
    "insert into task (execution_id, id, workspace_id, definition_id, surface, step_id, key, kind, name,
    status, enabled, phase, position, current_since, due_date, due_at, schedule_id, watches, added, data, created_at,
    updated_at) ";

const REPLACE: &str = " on conflict (execution_id, id) do update set name = excluded.name, status = excluded.status,
    enabled = excluded.enabled, phase = excluded.phase, position = excluded.position,
    current_since = excluded.current_since, due_date = excluded.due_date, due_at = excluded.due_at,
    schedule_id = excluded.schedule_id, watches = excluded.watches, data = excluded.data,
    updated_at = excluded.updated_at where task.workspace_id = excluded.workspace_id";

/// A task and what its row says beside it.
struct TaskRow<'t> {
    task: &'t Task,
    kind: String,
    data: String,
    spec: Option<&'t TaskSpec>,
}

/// Inserts or replaces tasks of an execution. `is_new`: none of them is there. [`StoreError::AlreadyExists`] if another execution
/// of the workspace has a task of the same id.
pub(crate) async fn upsert(
    conn: &mut Conn,
    execution: &Execution,
    tasks: &[Task],
    is_new: bool,
) -> Result<(), StoreError> {
    let Some(graph) = graph(conn, execution, tasks).await? else { return Ok(()) };
    for part in tasks.chunks(ROWS) {
        let rows = part.iter().map(|task| TaskRow::of(task, &graph)).collect::<Result<Vec<_>, _>>()?;
        let mut query = QueryBuilder::new(INSERT);
        query.push_values(&rows, |values, row| {
            let task = row.task;
            values.push_bind(task.execution_id.to_string()).push_bind(task.id.to_string());
            values.push_bind(task.workspace_id.to_string()).push_bind(task.definition_id.to_string());
            values.push_bind(task.surface.as_str()).push_bind(task.step_id.to_string());
            values.push_bind(&task.key).push_bind(&row.kind).push_bind(&task.name).push_bind(task.status.as_str());
            values.push_bind(i64::from(task.enabled)).push_bind(&task.phase).push_bind(i64::from(task.position));
            values.push_bind(task.current_since.map(|at| at.0));
            values.push_bind(task.due.as_ref().map(|due| &*due.text));
            values.push_bind(task.due.as_ref().and_then(|due| due.at).map(|at| at.0));
            values.push_bind(task.data.armed.as_ref().and_then(|armed| armed.id.as_deref()));
            values.push_bind(i64::from(row.watches())).push_bind(i64::from(row.is_added()));
            values.push_bind(&row.data).push_bind(task.created_at.0).push_bind(task.updated_at.0);
        });
        query.push(REPLACE);
        let done = query.build().execute(conn.db()).await;
        done.map_err(|error| StoreError::unless_duplicate(error, || StoreError::AlreadyExists))?;
        assign(conn, execution, &rows, is_new).await?;
    }
    Ok(())
}

/// What the graph says about these tasks; an empty one where none of them is drawn. None if there are no tasks.
async fn graph(conn: &mut Conn, execution: &Execution, tasks: &[Task]) -> Result<Option<Arc<Graph>>, StoreError> {
    if tasks.is_empty() {
        return Ok(None);
    }
    let is_drawn = |task: &Task| matches!(task.surface, Surface::Flow | Surface::Checklist);
    if !tasks.iter().any(is_drawn) {
        return Ok(Some(Arc::default()));
    }
    Ok(Some(execution::graph(conn, execution).await?.unwrap_or_default()))
}

impl<'t> TaskRow<'t> {
    fn of(task: &'t Task, graph: &'t Graph) -> Result<Self, StoreError> {
        let spec = graph.step(task.step_id).and_then(|step| step.task.as_deref());
        Ok(Self { task, kind: word(&task.kind)?, data: to_json(&task.data)?, spec })
    }

    fn watches(&self) -> bool {
        let schedule = self.spec.and_then(|spec| spec.schedule.as_ref());
        self.task.watches(schedule.is_some_and(Schedule::watches))
    }

    fn is_added(&self) -> bool {
        self.spec.is_some_and(|spec| spec.added)
    }

    /// Who is to do it, while the rows for that are kept.
    fn people(&self) -> BTreeSet<&str> {
        if self.task.current_since.is_none() && self.task.surface != Surface::Checklist {
            return BTreeSet::new();
        }
        assignees(self.task, self.spec).iter().flat_map(Assignee::people).map(String::as_str).collect()
    }
}

/// Who is to do a task: who was named by hand, else those of the template.
pub(super) fn assignees<'t>(task: &'t Task, spec: Option<&'t TaskSpec>) -> &'t [Assignee] {
    match (&task.data.assignees, spec) {
        (Some(assignees), _) => assignees,
        (None, Some(spec)) => &spec.assignees,
        (None, None) => &[],
    }
}

async fn assign(conn: &mut Conn, execution: &Execution, rows: &[TaskRow<'_>], is_new: bool) -> Result<(), StoreError> {
    if !is_new {
        let mut delete = QueryBuilder::new("delete from task_assignee where execution_id = ");
        delete.push_bind(execution.id.to_string()).push(" and workspace_id = ");
        delete.push_bind(execution.workspace_id.to_string());
        row::push_in(&mut delete, " and task_id in ", rows.iter().map(|row| row.task.id.to_string()));
        delete.build().execute(conn.db()).await?;
    }
    let of =
        |row: &TaskRow<'_>| row.people().into_iter().map(|person| (row.task.id, person.to_owned())).collect::<Vec<_>>();
    let people: Vec<_> = rows.iter().flat_map(of).collect();
    for part in people.chunks(ROWS) {
        let mut insert =
            QueryBuilder::new("insert into task_assignee (workspace_id, assignee, execution_id, task_id) ");
        insert.push_values(part, |values, (task, person)| {
            values.push_bind(execution.workspace_id.to_string()).push_bind(person);
            values.push_bind(execution.id.to_string()).push_bind(task.to_string());
        });
        insert.build().execute(conn.db()).await?;
    }
    Ok(())
}

/// What these visits asked people is over, by itself: their tasks are left out, and nobody's. What is no such visit is not looked at.
pub(crate) async fn over(conn: &mut Conn, execution: &Execution, visits: &[String]) -> Result<(), StoreError> {
    for part in visits.chunks(ROWS) {
        let mut update = QueryBuilder::new("update task set status = ");
        update.push_bind(TaskStatus::Skipped.as_str()).push(", current_since = null, updated_at = ");
        update.push_bind(execution.updated_at.0).push(" where execution_id = ").push_bind(execution.id.to_string());
        update.push(" and workspace_id = ").push_bind(execution.workspace_id.to_string());
        row::push_in(&mut update, " and current_since is not null and id in ", part.iter().cloned());
        update.build().execute(conn.db()).await?;
        let mut delete = QueryBuilder::new("delete from task_assignee where execution_id = ");
        delete.push_bind(execution.id.to_string()).push(" and workspace_id = ");
        delete.push_bind(execution.workspace_id.to_string());
        row::push_in(&mut delete, " and task_id in ", part.iter().cloned());
        delete.build().execute(conn.db()).await?;
    }
    Ok(())
}

/// Deletes tasks of an execution, with what was said about them.
pub(crate) async fn remove(conn: &mut Conn, execution: &Execution, tasks: &[TaskId]) -> Result<(), StoreError> {
    for part in tasks.chunks(ROWS) {
        let mut delete = QueryBuilder::new("delete from task where execution_id = ");
        delete.push_bind(execution.id.to_string()).push(" and workspace_id = ");
        delete.push_bind(execution.workspace_id.to_string());
        row::push_in(&mut delete, " and id in ", part.iter().map(TaskId::to_string));
        delete.build().execute(conn.db()).await?;
    }
    Ok(())
}
