//! What people change. A member that is none stays as it is.

use serde_json::{Map, Value};

use super::assignee::Assignee;
use super::due::{Due, DueRule};
use super::facts::Context;
use super::people::Closing;
use super::status::{FlowStatus, TaskStatus};
use crate::definition::Step;
use crate::id::TaskId;
use crate::time::Timestamp;

/// A change of a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskPatch {
    /// Its name.
    pub name: Option<String>,
    /// Where it stands.
    pub status: Option<TaskStatus>,
    /// When it is due; the inner none clears it. Goes before `due_rule`.
    pub due: Option<Option<Due>>,
    /// The rule for that.
    pub due_rule: Option<DueRule>,
    /// Who is to do it.
    pub assignees: Option<Vec<Assignee>>,
    /// Whether it can be worked on, whatever its requirements say.
    pub enabled: Option<bool>,
    /// What it runs: the surface's configuration.
    pub run: Option<Value>,
    /// How the run stands that somebody else does.
    pub run_status: Option<super::act::RunResult>,
    /// Members of the surface.
    pub shown: Map<String, Value>,
    /// The branch that a decision takes.
    pub next_condition: Option<String>,
    /// Whether the flow goes back to it.
    pub revert: bool,
    /// Whether it is completed by a form that somebody filled in; only the journal says so.
    pub via_form: bool,
    /// When it began and ended, where that is said (checklists).
    pub times: Option<super::task::Times>,
}

/// A change of a phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhasePatch {
    /// Its name.
    pub name: Option<String>,
    /// When it is due; the inner none clears it.
    pub due: Option<Option<Due>>,
    /// The rule for that.
    pub due_rule: Option<DueRule>,
    /// Who answers for it.
    pub assignees: Option<Vec<Assignee>>,
}

/// A change of a flow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowPatch {
    /// Where it stands.
    pub status: Option<FlowStatus>,
    /// Who answers for it.
    pub assignees: Option<Vec<Assignee>>,
    /// Why it is closed; members that are none stay.
    pub closing: Option<Closing>,
    /// Who closed it, where that is somebody else than who asks.
    pub closed_by: Option<String>,
    /// When it is due; the inner none clears it.
    pub due: Option<Option<Due>>,
    /// The rule for that.
    pub due_rule: Option<DueRule>,
    /// What it is about.
    pub contexts: Option<Vec<Context>>,
    /// When it ended, where that is said and it has (checklists).
    pub completed_at: Option<Timestamp>,
}

/// A task for a running flow, between two others.
#[derive(Clone, Debug, PartialEq)]
pub struct AddTask {
    /// Behind this one.
    pub previous: TaskId,
    /// Before this one.
    pub next: TaskId,
    /// Its id, if it was given.
    pub id: Option<TaskId>,
    /// Its step, with its task; the phase is none for that of `previous`.
    pub step: Box<Step>,
    /// What is said of it from the beginning.
    pub patch: TaskPatch,
}

/// An item for a running checklist.
#[derive(Clone, Debug, PartialEq)]
pub struct InsertItem {
    /// In which section, by its id in the execution; none for the top.
    pub section: Option<String>,
    /// Before the item that is there now.
    pub index: usize,
    /// Its id, if it was given.
    pub id: Option<TaskId>,
    /// Its step, with its task.
    pub step: Box<Step>,
    /// What is said of it from the beginning.
    pub patch: TaskPatch,
}
