//! Searching the tasks of a surface across its executions.

use std::sync::Arc;

use stepwell_core::flow::{Flow, Surface, Task};
use stepwell_core::{ExecutionId, Graph, WorkspaceId};

use super::read;
use crate::conn::Conn;
use crate::dialect::contains;
use crate::error::StoreError;
use crate::flow;
use crate::page::Page;
use crate::row::{self, Read};
use crate::sql::QueryBuilder;

/// Which tasks, in which order.
#[derive(Clone, Debug)]
pub struct StepQuery {
    /// Of this surface.
    pub surface: Surface,
    /// Whose execution's name contains this, in any case.
    pub flow_name: Option<String>,
    /// Whose name contains this, in any case.
    pub name: Option<String>,
    /// Which one of these is to do; empty for anybody.
    pub assignees: Vec<String>,
    /// Also those of executions that have ended.
    pub ended: bool,
    /// Those that were added to running executions, or the others.
    pub added: Option<bool>,
    /// How they stand.
    pub standing: Option<StepStanding>,
    /// In which order.
    pub sort: StepSort,
    /// How many to leave out.
    pub from: u32,
    /// How many at most.
    pub size: u32,
}

/// How a task stands, in three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepStanding {
    /// Not done.
    Open,
    /// Done.
    Done,
    /// A path stands on it: in a checklist the first that is open.
    Current,
}

/// By what tasks are sorted. Those without a due date come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum StepSort {
    NameAsc,
    NameDesc,
    DueAsc,
    DueDesc,
    StartedAsc,
    #[default]
    StartedDesc,
}

/// A task with its execution.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundStep {
    /// The task.
    pub task: Task,
    /// The whole it is part of.
    pub flow: Flow,
    /// The graph of its execution.
    pub graph: Arc<Graph>,
}

impl StepSort {
    fn sql(self) -> &'static str {
        match self {
            Self::NameAsc => "lower(t.name), t.execution_id, t.position",
            Self::NameDesc => "lower(t.name) desc, t.execution_id desc, t.position desc",
            Self::DueAsc => "coalesce(t.due_at, 9223372036854775807), t.execution_id, t.position",
            Self::DueDesc => "coalesce(t.due_at, -9223372036854775807) desc, t.execution_id, t.position",
            Self::StartedAsc => "f.created_at, f.execution_id, t.position",
            Self::StartedDesc => "f.created_at desc, f.execution_id desc, t.position",
        }
    }
}

/// The tasks that a query finds, and how many there are in all.
pub async fn search_steps(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &StepQuery,
) -> Result<Page<FoundStep>, StoreError> {
    let mut count = QueryBuilder::new("select count(*) as amount");
    push_filter(&mut count, workspace, query);
    let total = count.build().fetch_one(conn.db()).await?.number("amount")?;
    let mut select = QueryBuilder::new("select t.*");
    push_filter(&mut select, workspace, query);
    select.push(" order by ").push(query.sort.sql()).push(" limit ").push_bind(i64::from(query.size));
    select.push(" offset ").push_bind(i64::from(query.from));
    let tasks = row::all(select.build().fetch_all(conn.db()).await?, read)?;
    Ok(Page { items: with_flows(conn, workspace, tasks).await?, total })
}

async fn with_flows(conn: &mut Conn, workspace: WorkspaceId, tasks: Vec<Task>) -> Result<Vec<FoundStep>, StoreError> {
    let mut ids: Vec<ExecutionId> = tasks.iter().map(|task| task.execution_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let flows = flow::heads(conn, workspace, &ids).await?;
    let found = tasks.into_iter().filter_map(|task| {
        let (flow, graph) = flows.get(&task.execution_id)?;
        Some(FoundStep { task, flow: flow.clone(), graph: Arc::clone(graph) })
    });
    Ok(found.collect())
}

fn push_filter(select: &mut QueryBuilder, workspace: WorkspaceId, query: &StepQuery) {
    select.push(" from flow f join task t on t.execution_id = f.execution_id where f.workspace_id = ");
    select.push_bind(workspace.to_string()).push(" and f.deleted_at is null and f.surface = ");
    select.push_bind(query.surface.as_str());
    if !query.ended {
        select.push(" and f.status = 'started'");
    }
    for (column, part) in [("f.name", &query.flow_name), ("t.name", &query.name)] {
        if let Some(part) = part.as_ref().filter(|part| !part.is_empty()) {
            let pattern = contains(part);
            select.push(format_args!(" and lower({column}) like lower(")).push_bind(pattern).push(r") escape '\'");
        }
    }
    if !query.assignees.is_empty() {
        select.push(" and t.id in (select a.task_id from task_assignee a where a.workspace_id = ");
        select.push_bind(workspace.to_string());
        row::push_in(select, " and a.assignee in ", query.assignees.iter().cloned());
        select.push(")");
    }
    if let Some(added) = query.added {
        select.push(" and t.added = ").push_bind(i64::from(added));
    }
    match query.standing {
        None => {}
        Some(StepStanding::Open) => _ = select.push(" and t.status not in ('completed', 'skipped')"),
        Some(StepStanding::Done) => _ = select.push(" and t.status in ('completed', 'skipped')"),
        Some(StepStanding::Current) => _ = select.push(" and t.current_since is not null"),
    }
}
