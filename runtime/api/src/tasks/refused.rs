//! Why something cannot be done to a task.

use axum::http::StatusCode;
use serde_json::json;
use stepwell_core::flow::ActRefused;
use stepwell_core::{TaskId, WorkspaceId};
use stepwell_engine::EngineError;
use stepwell_store::task;

use super::wire::TaskBody;
use crate::error::ApiError;
use crate::state::ApiState;

/// The answer for what the engine refused. If somebody was faster, it shows what became of the task.
pub(super) async fn refused(state: &ApiState, workspace: WorkspaceId, id: TaskId, error: EngineError) -> ApiError {
    let EngineError::Act(refused) = error else { return error.into() };
    match refused {
        ActRefused::TaskDone { .. } | ActRefused::NotCurrent => match outcome(state, workspace, id).await {
            Ok(task) => {
                let error = ApiError::new(StatusCode::CONFLICT, "TASK_DONE", "The task is not to be done any more");
                error.details(json!({ "task": task }))
            }
            Err(error) => error,
        },
        ActRefused::NeedsBranch => ApiError::field("branch", "required", "is required to complete a decision"),
        ActRefused::UnknownCondition(name) => {
            ApiError::field("branch", "invalid", format!("the task has no condition {name:?}"))
        }
        other => EngineError::Act(other).into(),
    }
}

async fn outcome(state: &ApiState, workspace: WorkspaceId, id: TaskId) -> Result<Option<TaskBody>, ApiError> {
    let mut conn = state.store().reader().await?;
    Ok(task::find(&mut conn, workspace, id).await?.map(Into::into))
}
