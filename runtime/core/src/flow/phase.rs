//! Groups of tasks in one execution. How they stand is computed, never set.

use serde::{Deserialize, Serialize};

use super::assignee::Assignee;
use super::board::{Board, Reach};
use super::due::{Due, DueRule};
use super::status::TaskStatus;
use super::task::{Task, Times};
use crate::time::Timestamp;

/// Where a phase stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseStatus {
    /// Nothing was done in it.
    #[default]
    Open,
    /// Something of it is under way.
    InProgress,
    /// Nothing of it is left that could still be reached.
    Completed,
}

/// A phase of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Its id in the execution.
    pub id: String,
    /// The template's id of it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: PhaseStatus,
    /// Whether a path ever came to it.
    #[serde(default)]
    pub entered: bool,
    /// When it is due.
    pub due: Option<Due>,
    /// The rule for that, where it was changed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_rule: Option<DueRule>,
    /// Whether its due date was set by hand.
    #[serde(default)]
    pub due_by_hand: bool,
    /// Who answers for it; none for those of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignees: Option<Vec<Assignee>>,
    /// When it began and ended.
    #[serde(default)]
    pub times: Times,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Phase {
    /// Notes that it stands elsewhere now, by somebody or by itself.
    pub(crate) fn moved(&mut self, to: PhaseStatus, by: Option<&str>, now: Timestamp) {
        let status = match to {
            PhaseStatus::Open => TaskStatus::Pending,
            PhaseStatus::InProgress => TaskStatus::InProgress,
            PhaseStatus::Completed => TaskStatus::Completed,
        };
        if to == PhaseStatus::InProgress {
            (self.times.completed_at, self.times.completed_by) = (None, None);
        }
        self.times.stamp(status, by, now);
        (self.status, self.updated_at) = (to, now);
    }
}

/// Where a phase stands (spec epilot-flows, 9): it is completed once nothing in it is current and no path may come to an open task of it.
/// `first`: it is the first phase of a flow that is started. `list`: there are no paths, every open task will come.
pub(crate) fn status(phase: &Phase, board: &Board<'_>, reach: &Reach, first: bool, list: bool) -> PhaseStatus {
    let tasks: Vec<_> = board.inside(&phase.key).collect();
    let current = tasks.iter().any(|task| board.is_current(task.step_id));
    let done = tasks.iter().filter(|task| task.status.is_done()).count();
    let comes = |task: &&&Task| !task.status.is_done() && (list || reach.contains(task.step_id));
    let all_done = !tasks.is_empty() && done == tasks.len();
    let entered = phase.entered && !list && !tasks.is_empty();
    if !current && (all_done || (entered && !tasks.iter().any(|task| comes(&task)))) {
        return PhaseStatus::Completed;
    }
    let under_way = tasks.iter().any(|task| task.status == TaskStatus::InProgress);
    if first || current || under_way || done > 0 { PhaseStatus::InProgress } else { PhaseStatus::Open }
}
