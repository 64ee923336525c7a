//! What people see of executions as a whole, and everything of one that is loaded together.

mod list;
mod load;
mod search;
mod write;

use std::collections::HashMap;

use stepwell_core::flow::{Context, Due, Flow};
use stepwell_core::{ExecutionId, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::plan::CHECKED_WORKSPACE;
use crate::row::{self, Read};
use crate::sql::{DbRow, QueryBuilder};

pub use list::{ListQuery, about, list};
pub(crate) use load::heads;
pub use load::{Loaded, Shown, is_current, is_deleted, load, load_many, people};
pub use search::{FlowQuery, FlowSort, Found, search};
pub(crate) use write::apply;
pub use write::{delete, soft_delete};

/// Executions of one statement; a statement has a bound on parameters.
pub(crate) const ROWS: usize = 100;

/// The flows among these executions, with what they are about, by execution. Also those that were deleted softly.
pub(crate) async fn of(
    conn: &mut Conn,
    workspace: WorkspaceId,
    executions: &[ExecutionId],
) -> Result<HashMap<ExecutionId, Flow>, StoreError> {
    let mut found = HashMap::new();
    for part in executions.chunks(ROWS) {
        let mut select = QueryBuilder::new("select * from flow where workspace_id = ");
        select.push_bind(workspace.to_string());
        row::push_in(&mut select, " and execution_id in ", part.iter().map(ExecutionId::to_string));
        for flow in row::all(select.build().fetch_all(conn.db()).await?, read)? {
            found.insert(flow.execution_id, flow);
        }
        for (execution, context) in contexts(conn, workspace, part).await? {
            if let Some(flow) = found.get_mut(&execution) {
                flow.contexts.push(context);
            }
        }
    }
    Ok(found)
}

/// What these executions are about, for each in order.
async fn contexts(
    conn: &mut Conn,
    workspace: WorkspaceId,
    executions: &[ExecutionId],
) -> Result<Vec<(ExecutionId, Context)>, StoreError> {
    let select = select_contexts(workspace, executions);
    row::all(select.build().fetch_all(conn.db()).await?, |row| {
        let context = Context {
            entity_id: row.raw("entity_id")?,
            schema: row.raw("schema")?,
            is_primary: row.flag("is_primary")?,
            data: row.maybe_json("data")?,
        };
        Ok((row.parsed("execution_id")?, context))
    })
}

fn select_contexts(workspace: WorkspaceId, executions: &[ExecutionId]) -> QueryBuilder {
    let mut select = QueryBuilder::new("select * from flow_context where ");
    select.push(CHECKED_WORKSPACE).push_bind(workspace.to_string());
    row::push_in(&mut select, " and execution_id in ", executions.iter().map(ExecutionId::to_string));
    select.push(" order by execution_id, position");
    select
}

/// A flow without what it is about, which stands in rows of its own.
fn read(row: &DbRow) -> Result<Flow, StoreError> {
    Ok(Flow {
        execution_id: row.parsed("execution_id")?,
        workspace_id: row.parsed("workspace_id")?,
        definition_id: row.parsed("definition_id")?,
        surface: row.word("surface")?,
        name: row.raw("name")?,
        status: row.word("status")?,
        due: due(row)?,
        contexts: Vec::new(),
        data: row.json("data")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// The due date of a flow or task.
pub(crate) fn due(row: &DbRow) -> Result<Option<Due>, StoreError> {
    let Some(text) = row.raw::<Option<String>>("due_date")? else { return Ok(None) };
    Ok(Some(Due { text, at: row.maybe_time("due_at")? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::assert_by_execution;

    #[test]
    fn contexts_are_looked_up_by_their_executions_however_many_the_workspace_has() {
        let (workspace, execution) = (WorkspaceId(uuid::Uuid::nil()), ExecutionId(uuid::Uuid::nil()));
        assert_by_execution(&select_contexts(workspace, &[execution]), "flow_context");
        assert_by_execution(&select_contexts(workspace, &[execution; 5]), "flow_context");
    }
}
