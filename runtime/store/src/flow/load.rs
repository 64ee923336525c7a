//! Everything of one flow, to decide about it or to show it.

use std::collections::HashMap;
use std::sync::Arc;

use stepwell_core::flow::{Context, Entity, Flow, People};
use stepwell_core::{Execution, ExecutionId, Graph, State, StepExecution, WorkspaceId};

use super::{ROWS, of};
use crate::conn::Conn;
use crate::error::StoreError;
use crate::row;
use crate::sql::{self, QueryBuilder};
use crate::{entity, execution, task};

/// How often a flow is read again that changes while it is read: a crowd that works on it changes it every few milliseconds.
const TRIES: u32 = 32;

/// A flow as [`advance`](stepwell_core::advance) decides about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The execution.
    pub execution: Execution,
    /// Its graph.
    pub graph: Arc<Graph>,
    /// Its step executions that are not done.
    pub visits: Vec<StepExecution>,
    /// What people see of it.
    pub people: People,
}

impl Loaded {
    /// What to decide on.
    pub fn state(&self) -> State<'_> {
        State { graph: &self.graph, execution: &self.execution, visits: &self.visits, people: Some(&self.people) }
    }
}

/// A flow as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The execution.
    pub execution: Execution,
    /// Its graph.
    pub graph: Arc<Graph>,
    /// What people see of it, without entities.
    pub people: People,
}

/// What people see of an execution; none unless its graph has tasks.
pub async fn people(conn: &mut Conn, of: &Execution, graph: &Graph) -> Result<Option<People>, StoreError> {
    if !graph.has_tasks() {
        return Ok(None);
    }
    let Some(flow) = super::of(conn, of.workspace_id, &[of.id]).await?.remove(&of.id) else { return Ok(None) };
    let tasks = task::of(conn, of.workspace_id, &[of.id]).await?;
    let entities = entity::known(conn, of.workspace_id, &flow.contexts).await?;
    Ok(Some(People { flow, tasks, entities }))
}

/// The flow of this execution, as it was at one moment. None if the execution is none that people have tasks in, or was deleted
/// softly. [`StoreError::Fenced`] if it changes all the time.
pub async fn load(conn: &mut Conn, workspace: WorkspaceId, id: ExecutionId) -> Result<Option<Loaded>, StoreError> {
    for _ in 0..TRIES {
        match load_once(conn, workspace, id).await {
            Ok(Some(loaded)) if has_changed(conn, &loaded.execution).await? => {}
            Err(StoreError::Fenced(_)) => {}
            other => return other,
        }
    }
    Err(StoreError::Fenced(id))
}

async fn load_once(conn: &mut Conn, workspace: WorkspaceId, id: ExecutionId) -> Result<Option<Loaded>, StoreError> {
    // What is read after the execution is as old or younger: a commit on it is refused if it is younger.
    let Some((execution, visits)) = execution::state(conn, workspace, id).await? else { return Ok(None) };
    if is_deleted(conn, workspace, id).await? {
        return Ok(None);
    }
    let Some(graph) = execution::graph(conn, &execution).await? else { return Ok(None) };
    let Some(people) = people(conn, &execution, &graph).await? else { return Ok(None) };
    Ok(Some(Loaded { execution, graph, visits, people }))
}

/// Whether this execution is a flow that was deleted softly.
pub async fn is_deleted(conn: &mut Conn, workspace: WorkspaceId, id: ExecutionId) -> Result<bool, StoreError> {
    let query =
        sql::query("select 1 from flow where execution_id = $1 and workspace_id = $2 and deleted_at is not null");
    let row = query.bind(id.to_string()).bind(workspace.to_string()).fetch_optional(conn.db()).await?;
    Ok(row.is_some())
}

/// Whether an execution was changed while its parts were read: there each statement sees what is committed by then.
async fn has_changed(conn: &mut Conn, read: &Execution) -> Result<bool, StoreError> {
    if !conn.is_shared() || conn.locks() {
        return Ok(false);
    }
    let query = sql::query("select row_version from execution where id = $1 and workspace_id = $2");
    let now = query.bind(read.id.to_string()).bind(read.workspace_id.to_string()).value::<i64>(conn.db()).await?;
    Ok(now != Some(read.row_version))
}

/// The flows of these executions to show, in this order. Those that there are not, or that were deleted softly, are left out.
/// How they stand to each other is not of one moment.
pub async fn load_many(conn: &mut Conn, workspace: WorkspaceId, ids: &[ExecutionId]) -> Result<Vec<Shown>, StoreError> {
    let mut shown = Vec::with_capacity(ids.len());
    for part in ids.chunks(ROWS) {
        load_part(conn, workspace, part, &mut shown).await?;
    }
    Ok(shown)
}

async fn load_part(
    conn: &mut Conn,
    workspace: WorkspaceId,
    part: &[ExecutionId],
    shown: &mut Vec<Shown>,
) -> Result<(), StoreError> {
    let mut executions = executions(conn, workspace, part).await?;
    let mut flows = of(conn, workspace, part).await?;
    let mut tasks: HashMap<_, Vec<_>> = HashMap::new();
    for task in task::of(conn, workspace, part).await? {
        tasks.entry(task.execution_id).or_default().push(task);
    }
    for id in part {
        let (Some(execution), Some(flow)) = (executions.remove(id), flows.remove(id)) else { continue };
        let tasks = tasks.remove(id).unwrap_or_default();
        match execution::graph(conn, &execution).await {
            Ok(Some(graph)) => {
                shown.push(Shown { execution, graph, people: People { flow, tasks, entities: Vec::new() } });
            }
            Ok(None) => {}
            // Edited meanwhile: read again as a whole.
            Err(StoreError::Fenced(_)) => {
                let again = load(conn, workspace, *id).await?;
                shown.extend(again.map(|Loaded { execution, graph, people, .. }| Shown { execution, graph, people }));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The flows of these executions with their graphs, without tasks.
pub(crate) async fn heads(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[ExecutionId],
) -> Result<HashMap<ExecutionId, (Flow, Arc<Graph>)>, StoreError> {
    let mut found = HashMap::new();
    for part in ids.chunks(ROWS) {
        let mut flows = of(conn, workspace, part).await?;
        for (id, execution) in executions(conn, workspace, part).await? {
            let Some(flow) = flows.remove(&id) else { continue };
            if let Some(graph) = execution::graph(conn, &execution).await? {
                found.insert(id, (flow, graph));
            }
        }
    }
    Ok(found)
}

/// Those of these executions that were not deleted softly.
async fn executions(
    conn: &mut Conn,
    workspace: WorkspaceId,
    part: &[ExecutionId],
) -> Result<HashMap<ExecutionId, Execution>, StoreError> {
    let mut select = QueryBuilder::new("select e.* from execution e join flow f on f.execution_id = e.id");
    select.push(" where f.deleted_at is null and e.workspace_id = ").push_bind(workspace.to_string());
    row::push_in(&mut select, " and e.id in ", part.iter().map(ExecutionId::to_string));
    let found = row::all(select.build().fetch_all(conn.db()).await?, execution::read)?;
    Ok(found.into_iter().map(|execution| (execution.id, execution)).collect())
}

/// Whether what was read of the entities that an execution is about is how they are now. For a commit that has tasks begin to
/// [watch](stepwell_core::flow::Task::watches) them, after it has stored them: where others write too, a change that this does
/// not see will find those tasks.
pub async fn is_current(
    conn: &mut Conn,
    of: &Execution,
    about: &[Context],
    read: &[Entity],
) -> Result<bool, StoreError> {
    if conn.locks() {
        let query = sql::query(
            "select execution_id from flow_context where execution_id = $1 and workspace_id = $2
             order by position for update",
        );
        query.bind(of.id.to_string()).bind(of.workspace_id.to_string()).fetch_all(conn.db()).await?;
    }
    Ok(entity::known(conn, of.workspace_id, about).await? == read)
}
