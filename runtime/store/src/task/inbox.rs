//! The inbox: what people have to do, whatever surface it comes from.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use stepwell_core::flow::{FlowStatus, Surface, Task, TaskStatus};
use stepwell_core::{ExecutionId, StepExecutionId, TaskId, Timestamp, WorkspaceId};

use super::read;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::plan::CHECKED_WORKSPACE;
use crate::row::{self, Read};
use crate::sql::{DbRow, QueryBuilder};

/// Which tasks.
#[derive(Clone, Debug, Default)]
pub struct InboxQuery {
    /// Those that this person is to do.
    pub assignee: Option<String>,
    /// Of one of these statuses; empty for any.
    pub statuses: Vec<TaskStatus>,
    /// Due before this.
    pub due_before: Option<Timestamp>,
    /// Due at or after this.
    pub due_after: Option<Timestamp>,
    /// Of the phase with this id in the template.
    pub phase: Option<String>,
    /// Of one surface.
    pub surface: Option<Surface>,
    /// Of one execution.
    pub execution: Option<ExecutionId>,
    /// Also those that no path stands on: what is done and what is to come. Then those made last come first; without it those
    /// that are due first do, and those without a due date last. Who is to do a task that no path stands on is not known here.
    pub all: bool,
    /// After which task the page begins.
    pub after: Option<InboxCursor>,
    /// How many at most.
    pub limit: u32,
}

/// A task in the inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxTask {
    /// The task.
    pub task: Task,
    /// What its execution is called: its own name, else that of its definition.
    pub execution_name: String,
    /// Where its execution stands, if it is a flow.
    pub flow_status: Option<FlowStatus>,
    /// Who is to do it, while a path stands on it.
    pub assignees: Vec<String>,
    /// The visit that stands on it.
    pub visit: Option<StepExecutionId>,
    /// What the component asks for, while it waits for a person.
    pub request: Option<Value>,
}

/// A place between two tasks. It stays valid when tasks come and go. As text it is opaque: hex of the due date and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxCursor {
    due: Option<Timestamp>,
    id: TaskId,
}

impl fmt::Display for InboxCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let due = self.due.map_or_else(String::new, |due| due.0.to_string());
        f.write_str(&hex::encode(format!("{} {due}", self.id)))
    }
}

/// A text that is no cursor.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct BadCursor;

impl FromStr for InboxCursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = hex::decode(text).map_err(|_| BadCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| BadCursor)?;
        let (id, due) = text.split_once(' ').ok_or(BadCursor)?;
        let due = Some(due).filter(|due| !due.is_empty()).map(str::parse).transpose().map_err(|_| BadCursor)?;
        Ok(Self { due: due.map(Timestamp), id: id.parse().map_err(|_| BadCursor)? })
    }
}

/// Which part of the inbox is looked at: a database's order has no say about null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Due,
    Undated,
    All,
}

/// A page of tasks and the cursor of the next one, if there is one.
pub async fn inbox(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &InboxQuery,
) -> Result<(Vec<InboxTask>, Option<InboxCursor>), StoreError> {
    let wanted = i64::from(query.limit) + 1;
    let in_undated = query.after.is_some_and(|after| after.due.is_none());
    let parts: &[Part] = match (query.all, in_undated) {
        (true, _) => &[Part::All],
        (false, true) => &[Part::Undated],
        (false, false) => &[Part::Due, Part::Undated],
    };
    let mut found = Vec::new();
    for part in parts {
        let missing = wanted - i64::try_from(found.len()).unwrap_or(wanted);
        if missing > 0 {
            found.extend(look(conn, workspace, query, *part, missing).await?);
        }
    }
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| InboxCursor {
        due: last.task.due.as_ref().and_then(|due| due.at).filter(|_| !query.all),
        id: last.task.id,
    });
    add_assignees(conn, workspace, &mut found).await?;
    Ok((found, next))
}

/// The task of this id.
pub async fn find(conn: &mut Conn, workspace: WorkspaceId, id: TaskId) -> Result<Option<InboxTask>, StoreError> {
    let mut select = begin(workspace, None);
    select.push(" and t.id = ").push_bind(id.to_string());
    let mut found = row::all(select.build().fetch_all(conn.db()).await?, read_inbox)?;
    found.truncate(1);
    add_assignees(conn, workspace, &mut found).await?;
    Ok(found.pop())
}

/// Selects tasks with what is shown beside them. A step that is drawn as a task has one active visit at most; any other has a task
/// for each of its visits, of the same id.
fn begin(workspace: WorkspaceId, of: Option<ExecutionId>) -> QueryBuilder {
    let mut select = QueryBuilder::new(
        "select t.*, coalesce(f.name, d.name, '') as execution_name, f.status as flow_status, v.id as visit,
         w.task as request from task t left join flow f on f.execution_id = t.execution_id
         left join definition d on d.id = t.definition_id and d.workspace_id = t.workspace_id
         left join step_execution v on v.execution_id = t.execution_id and v.step_id = t.step_id
         and v.status in ('pending', 'running', 'waiting') and (t.surface in ('flow', 'checklist') or v.id = t.id)
         left join wait w on w.step_execution_id = v.id where f.deleted_at is null and t.",
    );
    match of {
        Some(execution) => {
            select.push("execution_id = ").push_bind(execution.to_string()).push(" and t.").push(CHECKED_WORKSPACE)
        }
        None => select.push("workspace_id = "),
    };
    select.push_bind(workspace.to_string());
    select
}

async fn look(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &InboxQuery,
    part: Part,
    limit: i64,
) -> Result<Vec<InboxTask>, StoreError> {
    let select = select_part(workspace, query, part, limit);
    row::all(select.build().fetch_all(conn.db()).await?, read_inbox)
}

fn select_part(workspace: WorkspaceId, query: &InboxQuery, part: Part, limit: i64) -> QueryBuilder {
    let mut select = begin(workspace, query.execution);
    push_filter(&mut select, workspace, query);
    push_part(&mut select, query, part);
    select.push(" limit ").push_bind(limit);
    select
}

fn push_part(select: &mut QueryBuilder, query: &InboxQuery, part: Part) {
    match part {
        Part::Due => {
            select.push(" and t.current_since is not null and t.due_at is not null");
            if let Some(InboxCursor { due: Some(due), id }) = query.after {
                select
                    .push(" and (t.due_at, t.id) > (")
                    .push_bind(due.0)
                    .push(", ")
                    .push_bind(id.to_string())
                    .push(")");
            }
            select.push(" order by t.due_at, t.id");
        }
        Part::Undated => {
            select.push(" and t.current_since is not null and t.due_at is null");
            if let Some(InboxCursor { due: None, id }) = query.after {
                select.push(" and t.id > ").push_bind(id.to_string());
            }
            select.push(" order by t.id");
        }
        Part::All => {
            if let Some(after) = query.after {
                select.push(" and t.id < ").push_bind(after.id.to_string());
            }
            select.push(" order by t.id desc");
        }
    }
}

fn push_filter(select: &mut QueryBuilder, workspace: WorkspaceId, query: &InboxQuery) {
    if let Some(assignee) = &query.assignee {
        select.push(" and t.id in (select a.task_id from task_assignee a where a.workspace_id = ");
        select.push_bind(workspace.to_string()).push(" and a.assignee = ").push_bind(assignee).push(")");
    }
    if !query.statuses.is_empty() {
        row::push_in(select, " and t.status in ", query.statuses.iter().map(|status| status.as_str().to_owned()));
    }
    if let Some(before) = query.due_before {
        select.push(" and t.due_at < ").push_bind(before.0);
    }
    if let Some(after) = query.due_after {
        select.push(" and t.due_at >= ").push_bind(after.0);
    }
    if let Some(phase) = &query.phase {
        select.push(" and t.phase = ").push_bind(phase);
    }
    if let Some(surface) = query.surface {
        select.push(" and t.surface = ").push_bind(surface.as_str());
    }
}

fn read_inbox(row: &DbRow) -> Result<InboxTask, StoreError> {
    let flow_status = row.raw::<Option<&str>>("flow_status")?;
    Ok(InboxTask {
        task: read(row)?,
        execution_name: row.raw("execution_name")?,
        flow_status: if flow_status.is_some() { Some(row.word("flow_status")?) } else { None },
        assignees: Vec::new(),
        visit: row.maybe_parsed("visit")?,
        request: row.maybe_json("request")?,
    })
}

async fn add_assignees(conn: &mut Conn, workspace: WorkspaceId, tasks: &mut [InboxTask]) -> Result<(), StoreError> {
    if tasks.is_empty() {
        return Ok(());
    }
    let ids = |found: &InboxTask| (found.task.execution_id.to_string(), found.task.id.to_string());
    let select = select_assignees(workspace, &tasks.iter().map(ids).collect::<Vec<_>>());
    let rows = select.build().fetch_all(conn.db()).await?;
    let mut people: HashMap<TaskId, Vec<String>> = HashMap::new();
    for (task, person) in row::all(rows, |row| Ok((row.parsed("task_id")?, row.raw("assignee")?)))? {
        people.entry(task).or_default().push(person);
    }
    for found in tasks {
        found.assignees = people.remove(&found.task.id).unwrap_or_default();
    }
    Ok(())
}

/// By execution and task.
fn select_assignees(workspace: WorkspaceId, of: &[(String, String)]) -> QueryBuilder {
    let mut select = QueryBuilder::new("select task_id, assignee from task_assignee where ");
    select.push(CHECKED_WORKSPACE).push_bind(workspace.to_string());
    row::push_in(&mut select, " and execution_id in ", of.iter().map(|(execution, _)| execution.clone()));
    row::push_in(&mut select, " and task_id in ", of.iter().map(|(_, task)| task.clone()));
    select.push(" order by assignee");
    select
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::assert_by_execution;

    #[test]
    fn what_is_asked_of_one_flow_is_looked_up_by_it_however_much_the_workspace_has() {
        let workspace = WorkspaceId(uuid::Uuid::nil());
        let of = vec![(String::new(), String::new()); 3];
        assert_by_execution(&select_assignees(workspace, &of[..1]), "task_assignee");
        assert_by_execution(&select_assignees(workspace, &of), "task_assignee");
        let query = InboxQuery { execution: Some(uuid::Uuid::nil().into()), limit: 10, ..InboxQuery::default() };
        for part in [Part::Due, Part::Undated, Part::All] {
            assert_by_execution(&select_part(workspace, &query, part, 10), "t");
        }
    }

    #[test]
    fn a_cursor_reads_what_it_writes_and_nothing_else() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("id");
        for due in [None, Some(Timestamp(-5)), Some(Timestamp(1_700_000_000_000))] {
            let cursor = InboxCursor { due, id };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        assert_eq!("zz".parse::<InboxCursor>(), Err(BadCursor));
        assert_eq!(hex::encode("x 5").parse::<InboxCursor>(), Err(BadCursor));
    }
}
