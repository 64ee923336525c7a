//! Where tasks and flows stand, and which changes people may make (spec epilot-flows, 9).

use serde::{Deserialize, Serialize};

use super::act::ActRefused;
use crate::execution::ExecutionStatus;

/// Where a task stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Waits to be started, or is ready to run.
    #[default]
    Pending,
    /// Somebody works on it, or its automation or agent runs.
    InProgress,
    /// Finished.
    Completed,
    /// Left out on purpose.
    Skipped,
    /// Will start at a set time.
    Scheduled,
    /// Waits until its conditions are met.
    ConditionPending,
    /// Waits for a confirmation from outside.
    WaitingForConfirmation,
    /// Paused until somebody resumes it.
    OnHold,
    /// Ended with an error, and still stands in the way.
    Failed,
}

impl TaskStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::InProgress,
        Self::Completed,
        Self::Skipped,
        Self::Scheduled,
        Self::ConditionPending,
        Self::WaitingForConfirmation,
        Self::OnHold,
        Self::Failed,
    ];

    /// Whether it is finished or left out.
    pub fn is_done(self) -> bool {
        match self {
            Self::Completed | Self::Skipped => true,
            Self::Pending
            | Self::InProgress
            | Self::Scheduled
            | Self::ConditionPending
            | Self::WaitingForConfirmation
            | Self::OnHold
            | Self::Failed => false,
        }
    }

    /// The word in the database and in the answers of components.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Skipped => "skipped",
            Self::Scheduled => "scheduled",
            Self::ConditionPending => "condition_pending",
            Self::WaitingForConfirmation => "waiting_for_confirmation",
            Self::OnHold => "on_hold",
            Self::Failed => "failed",
        }
    }

    /// The status of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Why a person may not change a task's status so; none if they may. `revert`: the flow goes back to the task.
pub fn refuses(from: TaskStatus, to: TaskStatus, enabled: bool, revert: bool) -> Option<ActRefused> {
    if from == to {
        return None;
    }
    if !enabled {
        return Some(ActRefused::Disabled);
    }
    let allowed = match (from.is_done(), to) {
        // Only the engine arms schedules.
        (_, TaskStatus::Scheduled) => false,
        (_, TaskStatus::Pending | TaskStatus::Completed | TaskStatus::Skipped) => true,
        (true, TaskStatus::InProgress | TaskStatus::OnHold) => revert,
        (true, TaskStatus::ConditionPending | TaskStatus::WaitingForConfirmation | TaskStatus::Failed) => false,
        // Outside runners report what became of their work.
        (
            false,
            TaskStatus::InProgress
            | TaskStatus::OnHold
            | TaskStatus::ConditionPending
            | TaskStatus::WaitingForConfirmation
            | TaskStatus::Failed,
        ) => true,
    };
    (!allowed).then_some(ActRefused::Status { from, to })
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowStatus {
    /// Tasks can be worked on.
    Started,
    /// All that was to be done is done.
    Done,
    /// Ended by somebody, with reasons.
    Closed,
}

impl FlowStatus {
    /// What an execution's status is called for people.
    pub fn of(status: ExecutionStatus) -> Self {
        match status {
            ExecutionStatus::Pending
            | ExecutionStatus::Running
            | ExecutionStatus::Waiting
            | ExecutionStatus::Paused => Self::Started,
            ExecutionStatus::Completed | ExecutionStatus::Exited => Self::Done,
            ExecutionStatus::Stopped | ExecutionStatus::Cancelled | ExecutionStatus::Failed => Self::Closed,
        }
    }

    /// Whether somebody may change it so.
    pub fn may_become(self, to: Self) -> bool {
        self == to || (self, to) != (Self::Closed, Self::Done)
    }

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Closed => "closed",
        }
    }
}

/// Whose vocabulary an execution is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Surface {
    /// Flows.
    Flow,
    /// Flows without edges, worked from top to bottom.
    Checklist,
    /// Workflows.
    Workflow,
    /// Sequences.
    Sequence,
}

impl Surface {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Checklist => "checklist",
            Self::Workflow => "workflow",
            Self::Sequence => "sequence",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(from: TaskStatus, to: TaskStatus, revert: bool) -> bool {
        refuses(from, to, true, revert).is_none()
    }

    #[test]
    fn people_complete_skip_and_pause_what_is_open() {
        let open = [TaskStatus::Pending, TaskStatus::InProgress, TaskStatus::OnHold];
        let aims = [TaskStatus::Pending, TaskStatus::InProgress, TaskStatus::OnHold, TaskStatus::Completed];
        assert!(open.iter().all(|from| aims.iter().all(|to| may(*from, *to, false))));
        assert!(may(TaskStatus::Failed, TaskStatus::InProgress, false));
        assert!(may(TaskStatus::Scheduled, TaskStatus::Completed, false));
    }

    #[test]
    fn what_is_done_is_worked_on_again_only_by_a_revert() {
        for from in [TaskStatus::Completed, TaskStatus::Skipped] {
            assert!(!may(from, TaskStatus::InProgress, false) && may(from, TaskStatus::InProgress, true));
            assert!(may(from, TaskStatus::Pending, false));
        }
        assert!(may(TaskStatus::Completed, TaskStatus::Skipped, false));
    }

    #[test]
    fn only_the_engine_arms_schedules() {
        assert!(
            TaskStatus::ALL
                .into_iter()
                .filter(|from| *from != TaskStatus::Scheduled)
                .all(|from| { !may(from, TaskStatus::Scheduled, true) })
        );
    }

    #[test]
    fn a_disabled_task_keeps_its_status() {
        let refused = refuses(TaskStatus::Pending, TaskStatus::Completed, false, false);
        assert_eq!(refused, Some(ActRefused::Disabled));
        assert_eq!(refuses(TaskStatus::Pending, TaskStatus::Pending, false, false), None);
    }

    #[test]
    fn a_closed_flow_is_not_done() {
        assert!(!FlowStatus::Closed.may_become(FlowStatus::Done));
        assert!(FlowStatus::Closed.may_become(FlowStatus::Started) && FlowStatus::Done.may_become(FlowStatus::Closed));
    }
}
