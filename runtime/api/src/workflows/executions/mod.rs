//! The executions of a workflow (spec plunk-workflows, 6).

pub(super) mod cancel;
pub(super) mod cancel_all;
pub(super) mod get;
pub(super) mod journal;
pub(super) mod list;
pub(super) mod retry;
pub(super) mod start;

use stepwell_core::{DefinitionId, Execution, ExecutionId, WorkspaceId};
use stepwell_store::{Conn, execution};

use crate::error::ApiError;

/// An execution of the workflow, or 404.
async fn find(
    conn: &mut Conn,
    workspace: WorkspaceId,
    definition: DefinitionId,
    id: ExecutionId,
) -> Result<Execution, ApiError> {
    let found = execution::get(conn, workspace, id).await?.filter(|found| found.definition_id == definition);
    found.ok_or_else(|| ApiError::not_found("RESOURCE_NOT_FOUND", "Workflow execution not found"))
}
