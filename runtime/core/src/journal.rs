//! The journal: what happened to an execution, in order and without gaps, for people, audit and live updates.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ExecutionId, StepExecutionId, StepId, WorkspaceId};
use crate::time::Timestamp;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// To which execution.
    pub execution_id: ExecutionId,
    /// 1 for the first entry of an execution, one more for each next.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: JournalKind,
    /// On which step.
    pub step_id: Option<StepId>,
    /// On which visit.
    pub step_execution_id: Option<StepExecutionId>,
    /// More, by kind: the branch, the failure, the time of the next try. `Null` for nothing.
    pub data: Value,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JournalKind {
    /// The execution was started.
    ExecutionStarted,
    /// A path has come to a step that waits for others.
    StepHeld,
    /// A step is due.
    StepScheduled,
    /// A step completed.
    StepCompleted,
    /// A step waits.
    StepWaiting,
    /// A wait ended.
    StepWoken,
    /// A step stored its progress.
    StepCheckpointed,
    /// A step failed and will be tried again.
    StepRetrying,
    /// A step failed for good.
    StepFailed,
    /// A step was given up because the execution ended or a new pass began.
    StepSkipped,
    /// A loop repeats its steps.
    PassBegun,
    /// The execution went through to the end.
    ExecutionCompleted,
    /// A step ended the execution.
    ExecutionExited,
    /// The execution failed.
    ExecutionFailed,
    /// The execution was cancelled.
    ExecutionCancelled,
    /// The execution was taken up again at the step that failed.
    ExecutionRetried,
    /// Somebody changed where a task stands.
    TaskChanged,
    /// Somebody added a task.
    TaskAdded,
    /// Somebody took a task out.
    TaskRemoved,
    /// Somebody gave a task to others.
    TaskAssigned,
    /// Somebody wrote about a task.
    TaskCommented,
    /// Somebody let the flow go back to a task.
    TaskReverted,
    /// A phase stands elsewhere, or somebody changed it.
    PhaseChanged,
    /// Somebody changed the flow.
    FlowChanged,
    /// Somebody closed the flow.
    FlowClosed,
    /// Somebody opened the flow again.
    FlowReopened,
}

impl JournalKind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExecutionStarted => "execution-started",
            Self::StepHeld => "step-held",
            Self::StepScheduled => "step-scheduled",
            Self::StepCompleted => "step-completed",
            Self::StepWaiting => "step-waiting",
            Self::StepWoken => "step-woken",
            Self::StepCheckpointed => "step-checkpointed",
            Self::StepRetrying => "step-retrying",
            Self::StepFailed => "step-failed",
            Self::StepSkipped => "step-skipped",
            Self::PassBegun => "pass-begun",
            Self::ExecutionCompleted => "execution-completed",
            Self::ExecutionExited => "execution-exited",
            Self::ExecutionFailed => "execution-failed",
            Self::ExecutionCancelled => "execution-cancelled",
            Self::ExecutionRetried => "execution-retried",
            Self::TaskChanged => "task-changed",
            Self::TaskAdded => "task-added",
            Self::TaskRemoved => "task-removed",
            Self::TaskAssigned => "task-assigned",
            Self::TaskCommented => "task-commented",
            Self::TaskReverted => "task-reverted",
            Self::PhaseChanged => "phase-changed",
            Self::FlowChanged => "flow-changed",
            Self::FlowClosed => "flow-closed",
            Self::FlowReopened => "flow-reopened",
        }
    }
}
