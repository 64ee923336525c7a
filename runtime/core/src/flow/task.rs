//! What people see of a step in one execution.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::assignee::Assignee;
use super::due::{Due, DueRule};
use super::schedule::Armed;
use super::spec::TaskKind;
use super::status::{Surface, TaskStatus};
use crate::id::{DefinitionId, ExecutionId, StepId, TaskId, WorkspaceId};
use crate::time::Timestamp;

/// A task of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Which one.
    pub id: TaskId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// In which execution.
    pub execution_id: ExecutionId,
    /// Of which definition.
    pub definition_id: DefinitionId,
    /// In whose vocabulary.
    pub surface: Surface,
    /// Of which step.
    pub step_id: StepId,
    /// The template's id of it.
    pub key: String,
    /// What kind of work it is.
    pub kind: TaskKind,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: TaskStatus,
    /// Whether it can be worked on.
    pub enabled: bool,
    /// The template's id of its phase.
    pub phase: Option<String>,
    /// Its place among the tasks of the execution.
    pub position: u32,
    /// Since when a path stands on it; none while none does.
    pub current_since: Option<Timestamp>,
    /// When it is due.
    pub due: Option<Due>,
    /// More.
    pub data: TaskData,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What nobody searches by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskData {
    /// Who did what when.
    #[serde(default)]
    pub times: Times,
    /// Who is to do it; none for those of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignees: Option<Vec<Assignee>>,
    /// The rule for its due date, where it was changed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_rule: Option<DueRule>,
    /// Whether its due date was set by hand: no rule changes it any more.
    #[serde(default)]
    pub due_by_hand: bool,
    /// Whether somebody said that it can be worked on, or cannot, whatever its requirements say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_by_hand: Option<bool>,
    /// The branches that were taken, once it is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
    /// Its schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub armed: Option<Armed>,
    /// What it runs, and how that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// What its component answered last, if it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Members of the surface that were changed by hand; they go before the template's.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub shown: Map<String, Value>,
}

/// Who did what when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// When it was first worked on.
    pub started_at: Option<Timestamp>,
    /// When it was last worked on.
    pub in_progress_at: Option<Timestamp>,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
    /// When its status last changed.
    pub status_updated_at: Option<Timestamp>,
    /// Who began to work on it.
    pub in_progress_by: Option<String>,
    /// Who completed it.
    pub completed_by: Option<String>,
    /// Who skipped it.
    pub skipped_by: Option<String>,
    /// Who paused it.
    pub on_hold_by: Option<String>,
}

/// What a task runs elsewhere: an automation, an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// What is run, where it was changed by hand: the surface's configuration.
    pub config: Option<Value>,
    /// The id of the run.
    pub id: Option<String>,
    /// How it stands, in the words of who runs it.
    pub status: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What it came to, in a word.
    pub outcome: Option<String>,
    /// Whether it is an execution of this server.
    pub is_child: bool,
}

impl Run {
    /// What is configured of it, before anything is run.
    pub(crate) fn fresh(of: Option<&Self>) -> Option<Self> {
        let config = of.and_then(|run| run.config.clone())?;
        Some(Self { config: Some(config), ..Self::default() })
    }
}

impl Times {
    /// Notes that the status became `to`, by somebody or by itself.
    pub(crate) fn stamp(&mut self, to: TaskStatus, by: Option<&str>, now: Timestamp) {
        let by = by.map(str::to_owned);
        self.status_updated_at = Some(now);
        match to {
            TaskStatus::InProgress => {
                self.started_at.get_or_insert(now);
                self.in_progress_at = Some(now);
                self.in_progress_by = by;
            }
            TaskStatus::Completed => {
                self.completed_at = Some(now);
                self.completed_by = by;
            }
            TaskStatus::Skipped => {
                self.completed_at = Some(now);
                self.skipped_by = by;
            }
            TaskStatus::OnHold => self.on_hold_by = by,
            TaskStatus::Pending => (self.completed_at, self.completed_by, self.skipped_by) = (None, None, None),
            TaskStatus::Scheduled
            | TaskStatus::ConditionPending
            | TaskStatus::WaitingForConfirmation
            | TaskStatus::Failed => {}
        }
    }
}

impl Task {
    /// The same before anything was done in this round: a loop repeats it, or the flow went back.
    #[must_use]
    pub(crate) fn cleared(&self, now: Timestamp) -> Self {
        let data = TaskData {
            times: Times { status_updated_at: Some(now), ..Times::default() },
            chosen: Vec::new(),
            armed: None,
            run: Run::fresh(self.data.run.as_ref()),
            result: None,
            ..self.data.clone()
        };
        Self { status: TaskStatus::Pending, current_since: None, data, updated_at: now, ..self.clone() }
    }

    /// Whether a change of an entity may change something about it.
    pub fn watches(&self, by_schedule: bool) -> bool {
        match self.status {
            TaskStatus::ConditionPending => true,
            TaskStatus::Scheduled | TaskStatus::Failed => by_schedule && self.data.armed.is_some(),
            TaskStatus::Pending
            | TaskStatus::InProgress
            | TaskStatus::Completed
            | TaskStatus::Skipped
            | TaskStatus::WaitingForConfirmation
            | TaskStatus::OnHold => false,
        }
    }
}
