//! Executions, their step executions and waits: the state that [`advance`](crate::advance) moves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::definition::Reentry;
use crate::flow::Parent;
use crate::id::{ContactId, DefinitionId, ExecutionId, StepExecutionId, StepId, WorkspaceId};
use crate::marking::Marking;
use crate::outcome::{EventWait, Failure, Wake};
use crate::plugin::Digest;
use crate::time::Timestamp;

/// Where an execution stands. Surfaces map these to their own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionStatus {
    /// Accepted, not begun.
    Pending,
    /// A step runs or is about to.
    Running,
    /// Every active step waits, for something from outside or for other paths.
    Waiting,
    /// Held by a person.
    Paused,
    /// Went through to the end.
    Completed,
    /// A step ended it.
    Exited,
    /// Ended from outside for a reason of the surface.
    Stopped,
    /// Ended by a request.
    Cancelled,
    /// A step failed and nothing caught it.
    Failed,
}

impl ExecutionStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Running,
        Self::Waiting,
        Self::Paused,
        Self::Completed,
        Self::Exited,
        Self::Stopped,
        Self::Cancelled,
        Self::Failed,
    ];

    /// Whether it has ended. Only a retry leaves an ended status, and only `Failed`.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Pending | Self::Running | Self::Waiting | Self::Paused => false,
            Self::Completed | Self::Exited | Self::Stopped | Self::Cancelled | Self::Failed => true,
        }
    }

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Exited => "exited",
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// One run of one definition version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Which one.
    pub id: ExecutionId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Of which definition.
    pub definition_id: DefinitionId,
    /// The version it is pinned to.
    pub definition_version: u32,
    /// 0: its graph is that of the version. Else it was edited while it ran, and has a graph of its own; one more for each edit.
    #[serde(default)]
    pub graph_revision: u32,
    /// The visit that started it and waits for its end, if one did.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// For whom.
    pub contact_id: Option<ContactId>,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// The step it stands on, of several the one that was entered last; none once it completed.
    pub current_step_id: Option<StepId>,
    /// Why it ended early.
    pub exit_reason: Option<String>,
    /// The event that started it; none for a manual start.
    pub event_name: Option<String>,
    /// The event's data as steps see it (`event.*`), with what waits merged in. An object or null.
    pub event: Value,
    /// Variables, an object.
    pub variables: Map<String, Value>,
    /// Which paths it went so far, where its graph has several or repeats some.
    #[serde(default, skip_serializing_if = "Marking::is_empty")]
    pub marking: Marking,
    /// Which re-entry rule it was started under.
    pub reentry: Reentry,
    /// While set, no other execution of the definition may have the same: the unique index behind re-entry.
    pub reentry_key: Option<String>,
    /// Grows by one with each commit; a commit that names an older one is refused.
    pub row_version: i64,
    /// How many journal entries it has; the next entry's number is one more.
    pub journal_length: i64,
    /// How many bytes of JSON its step executions keep: their outputs and states.
    pub output_bytes: i64,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a visit to a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// Due at `run_at`, on no node yet; without a `run_at` it is held until the other paths to its step have come or can no
    /// longer come.
    Pending,
    /// Runs, or is about to, on the node that holds the lease.
    Running,
    /// Waits for a time, an event or a person.
    Waiting,
    /// Done.
    Completed,
    /// Given up because its execution ended, or because a new pass of a loop began.
    Skipped,
    /// Failed for good.
    Failed,
}

impl StepStatus {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more will happen to it.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Completed | Self::Skipped | Self::Failed)
    }
}

/// One visit to one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepExecution {
    /// Which visit.
    pub id: StepExecutionId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// In which execution.
    pub execution_id: ExecutionId,
    /// Of which step.
    pub step_id: StepId,
    /// Where it stands.
    pub status: StepStatus,
    /// 1 on the first try.
    pub attempt: u32,
    /// When to run it, while `Pending` or `Running`; none while it is held.
    pub run_at: Option<Timestamp>,
    /// How often it was resumed, after waits and checkpoints.
    pub resumes: u32,
    /// What ended its wait; set until it has been resumed with it.
    pub wake: Option<Wake>,
    /// What the plugin asked to get back on resumption.
    pub state: Option<Value>,
    /// What later steps can read.
    pub output: Option<Value>,
    /// Why it failed, or failed last.
    pub failure: Option<Failure>,
    /// When its wait ends by time.
    pub due_at: Option<Timestamp>,
    /// The component that ran it.
    pub plugin: Option<Digest>,
    /// When it first ran.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl StepExecution {
    /// Which run of the visit is the current one: 1 for the first, one more with each new try and each resumption. An answer
    /// counts only for the run that gave it.
    pub fn run(&self) -> u32 {
        self.attempt.saturating_add(self.resumes)
    }

    /// Whether it has arrived at a step that is entered together with the other paths, and these have not come yet.
    pub fn is_held(&self) -> bool {
        self.status == StepStatus::Pending && self.run_at.is_none()
    }
}

/// What a step execution waits for: whatever of these comes first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// In which execution.
    pub execution_id: ExecutionId,
    /// Which visit.
    pub step_execution_id: StepExecutionId,
    /// Whose events count.
    pub contact_id: Option<ContactId>,
    /// Until when.
    pub due_at: Option<Timestamp>,
    /// For which event.
    pub event: Option<EventWait>,
    /// For which task.
    pub task: Option<Value>,
    /// What has ended it, where that was noted by a commit that must not touch the execution: the end of a child, a change of an entity.
    /// `due_at` is then past.
    #[serde(default)]
    pub ended_by: Option<Wake>,
    /// Since when.
    pub created_at: Timestamp,
}
