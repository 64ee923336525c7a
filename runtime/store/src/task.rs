//! What people see of steps: rows of tasks, the inbox, searches, and what is said about them.

mod comment;
mod inbox;
mod steps;
mod write;

use stepwell_core::flow::Task;
use stepwell_core::{ExecutionId, WorkspaceId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::flow::{self, ROWS};
use crate::plan::CHECKED_WORKSPACE;
use crate::row::{self, Read};
use crate::sql::{DbRow, QueryBuilder};

pub use comment::{Comment, comment, comment_count, comments};
pub use inbox::{BadCursor, InboxCursor, InboxQuery, InboxTask, find, inbox};
pub use steps::{FoundStep, StepQuery, StepSort, StepStanding, search_steps};
pub(crate) use write::{over, remove, upsert};

/// The tasks of these executions, those of each by position.
pub(crate) async fn of(
    conn: &mut Conn,
    workspace: WorkspaceId,
    executions: &[ExecutionId],
) -> Result<Vec<Task>, StoreError> {
    let mut found = Vec::new();
    for part in executions.chunks(ROWS) {
        found.extend(row::all(select_of(workspace, part).build().fetch_all(conn.db()).await?, read)?);
    }
    Ok(found)
}

fn select_of(workspace: WorkspaceId, executions: &[ExecutionId]) -> QueryBuilder {
    let mut select = QueryBuilder::new("select * from task where ");
    select.push(CHECKED_WORKSPACE).push_bind(workspace.to_string());
    row::push_in(&mut select, " and execution_id in ", executions.iter().map(ExecutionId::to_string));
    select.push(" order by execution_id, position, id");
    select
}

fn read(row: &DbRow) -> Result<Task, StoreError> {
    Ok(Task {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        execution_id: row.parsed("execution_id")?,
        definition_id: row.parsed("definition_id")?,
        surface: row.word("surface")?,
        step_id: row.parsed("step_id")?,
        key: row.raw("key")?,
        kind: row.word("kind")?,
        name: row.raw("name")?,
        status: row.word("status")?,
        enabled: row.flag("enabled")?,
        phase: row.raw("phase")?,
        position: row.number("position")?,
        current_since: row.maybe_time("current_since")?,
        due: flow::due(row)?,
        data: row.json("data")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::assert_by_execution;

    #[test]
    fn tasks_are_looked_up_by_their_executions_however_many_the_workspace_has() {
        let (workspace, execution) = (WorkspaceId(uuid::Uuid::nil()), ExecutionId(uuid::Uuid::nil()));
        assert_by_execution(&select_of(workspace, &[execution]), "task");
        assert_by_execution(&select_of(workspace, &[execution; 3]), "task");
    }
}
