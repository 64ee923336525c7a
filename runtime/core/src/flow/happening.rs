//! What happened to a flow, in the words that entity sync listens to (spec epilot-flows, 11.10).

use serde::{Deserialize, Serialize};

use crate::id::TaskId;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// What.
    pub kind: HappeningKind,
    /// To which task.
    pub task: Option<TaskId>,
    /// To which phase, by the template's id.
    pub phase: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it, and are the surface's")]
pub enum HappeningKind {
    FlowStarted,
    FlowCompleted,
    FlowCancelled,
    FlowReopened,
    FlowDeleted,
    FlowAssigned,
    FlowDueDateChanged,
    FlowContextsChanged,
    TaskUpdated,
    CurrTaskChanged,
    TaskCompleted,
    TaskSkipped,
    TaskMarkedInProgress,
    TaskMarkedOnHold,
    PhaseUpdated,
    PhaseCompleted,
    PhaseSkipped,
    PhaseMarkedInProgress,
}
