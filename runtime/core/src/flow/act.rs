//! What a person does to an execution, and why it is refused.

use super::assignee::Assignee;
use super::patch::{AddTask, FlowPatch, InsertItem, PhasePatch, TaskPatch};
use super::status::{FlowStatus, TaskStatus};
use crate::id::TaskId;
use crate::outcome::Completion;

/// What somebody does.
#[derive(Clone, Debug)]
pub struct Act {
    /// Who.
    pub by: String,
    /// What.
    pub does: Deed,
}

/// What is done.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A task is changed.
    PatchTask(TaskId, Box<TaskPatch>),
    /// A current task is taken up as if its time had come; a manual one is completed.
    Execute(TaskId),
    /// An automation is started, whoever was to begin it.
    RunAutomation(TaskId),
    /// A schedule fires now.
    RunScheduleNow(TaskId),
    /// A schedule is cancelled: its task is skipped.
    CancelSchedule(TaskId),
    /// What became of an automation is taken over, if it has ended.
    Reconcile(TaskId, RunResult),
    /// A task is completed with what was entered.
    Complete(TaskId, Completion),
    /// A task is skipped, for a reason in words.
    Skip(TaskId, Option<String>),
    /// A task is given to others.
    Assign(TaskId, Vec<Assignee>),
    /// A phase is changed, by its id in the execution.
    PatchPhase(String, PhasePatch),
    /// The flow is changed.
    PatchFlow(Box<FlowPatch>),
    /// A task is added.
    AddTask(Box<AddTask>),
    /// An item is added to a checklist.
    InsertItem(Box<InsertItem>),
    /// An item of a checklist is moved: taken out, then put before what is at the index.
    MoveItem {
        /// Which one.
        task: TaskId,
        /// To which section, by its id in the execution; none for the top.
        section: Option<String>,
        /// Before the item that is there then.
        index: usize,
    },
    /// An item is taken out of a checklist.
    RemoveItem(TaskId),
    /// One after the other; if one is refused, all are.
    Several(Vec<Deed>),
}

/// How a run of an automation or an agent stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunResult {
    /// Its id.
    pub id: Option<String>,
    /// In the words of who runs it: `success`, `failed`, `skipped`, `cancelled`, `in_progress`, …
    pub status: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

impl RunResult {
    /// What a final status makes of the task (spec epilot-flows, 11.7); none while it is under way.
    pub fn task_status(&self) -> Option<TaskStatus> {
        match self.status.as_deref()? {
            "success" => Some(TaskStatus::Completed),
            "failed" | "hot" => Some(TaskStatus::Failed),
            "skipped" | "cancelled" => Some(TaskStatus::Skipped),
            _ => None,
        }
    }
}

/// Why an act changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActRefused {
    /// The execution has no such task.
    #[error("no task {0}")]
    UnknownTask(String),
    /// The execution has no such phase or section.
    #[error("no phase {0}")]
    UnknownPhase(String),
    /// The decision has no such condition.
    #[error("next_condition_id: the task has no condition {0:?}")]
    UnknownCondition(String),
    /// The status may not change so.
    #[error("status: a task that is {} cannot become {}", from.as_str(), to.as_str())]
    Status {
        /// As it is.
        from: TaskStatus,
        /// As it was to be.
        to: TaskStatus,
    },
    /// The task cannot be worked on.
    #[error("status: the task is disabled; enable it first")]
    Disabled,
    /// Nothing is scheduled.
    #[error("the task is not scheduled")]
    NotScheduled,
    /// It is another kind of task.
    #[error("the task is no automation")]
    NotAutomation,
    /// It is another kind of task.
    #[error("next_condition_id: the task is no decision")]
    NotDecision,
    /// No path stands on the task.
    #[error("the task is not a current one")]
    NotCurrent,
    /// A manual decision needs to know where to go.
    #[error("next_condition_id: is required to complete a decision")]
    NeedsBranch,
    /// The flow has ended.
    #[error("the flow is not started")]
    FlowNotStarted,
    /// Somebody was faster.
    #[error("the task is {} already", status.as_str())]
    TaskDone {
        /// As it is.
        status: TaskStatus,
    },
    /// The flow's status may not change so.
    #[error("status: a flow that is {} cannot become {}", from.as_str(), to.as_str())]
    FlowStatus {
        /// As it is.
        from: FlowStatus,
        /// As it was to be.
        to: FlowStatus,
    },
    /// Only one reason may be chosen.
    #[error("closing_reason.selected_reasons: only one reason may be chosen")]
    OneReason,
    /// There is no place for a task to be added at.
    #[error("next_task_id: no edge leads there from previous_task_id")]
    NoSuchEdge,
    /// Another task has the id.
    #[error("task.id: there is a task of this id")]
    IdTaken,
    /// It would be too much.
    #[error("{what}: {most} are allowed at most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        most: usize,
    },
    /// Something is wrong with a member.
    #[error("{field}: {message}")]
    Invalid {
        /// Which one.
        field: String,
        /// What is wrong.
        message: String,
    },
}
