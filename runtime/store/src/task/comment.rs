//! What people say about a task.

use stepwell_core::{ExecutionId, TaskId, Timestamp, WorkspaceId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::row::{self, Read};
use crate::sql;

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Which one.
    pub id: Uuid,
    /// In which execution.
    pub execution_id: ExecutionId,
    /// About which task.
    pub task_id: TaskId,
    /// Who wrote it.
    pub author: String,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Stores a comment; false, and nothing is stored, if the execution has no such task.
pub async fn comment(conn: &mut Conn, workspace: WorkspaceId, new: &Comment) -> Result<bool, StoreError> {
    let done = sql::query(
        "insert into task_comment (execution_id, task_id, id, workspace_id, author, body, created_at)
         select execution_id, id, $3, workspace_id, $5, $6, $7 from task
         where execution_id = $1 and id = $2 and workspace_id = $4",
    )
    .bind(new.execution_id.to_string())
    .bind(new.task_id.to_string())
    .bind(new.id.to_string())
    .bind(workspace.to_string())
    .bind(&new.author)
    .bind(&new.text)
    .bind(new.created_at.0)
    .execute(conn.db())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How many comments there are about a task.
pub async fn comment_count(
    conn: &mut Conn,
    workspace: WorkspaceId,
    execution: ExecutionId,
    task: TaskId,
) -> Result<u64, StoreError> {
    let query = sql::query(
        "select count(*) as amount from task_comment where execution_id = $1 and task_id = $2 and workspace_id = $3",
    );
    let query = query.bind(execution.to_string()).bind(task.to_string()).bind(workspace.to_string());
    query.fetch_one(conn.db()).await?.number("amount")
}

/// The first `limit` comments about a task, in the order in which they were written.
pub async fn comments(
    conn: &mut Conn,
    workspace: WorkspaceId,
    execution: ExecutionId,
    task: TaskId,
    limit: i64,
) -> Result<Vec<Comment>, StoreError> {
    let query = sql::query(
        "select * from task_comment where execution_id = $1 and task_id = $2 and workspace_id = $3
         order by created_at, id limit $4",
    );
    let query = query.bind(execution.to_string()).bind(task.to_string()).bind(workspace.to_string()).bind(limit);
    row::all(query.fetch_all(conn.db()).await?, |row| {
        Ok(Comment {
            id: row.parsed("id")?,
            execution_id: row.parsed("execution_id")?,
            task_id: row.parsed("task_id")?,
            author: row.raw("author")?,
            text: row.raw("body")?,
            created_at: row.time("created_at")?,
        })
    })
}
