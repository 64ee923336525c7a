//! An execution as a whole as people see it, and what a decision changes in that.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assignee::Assignee;
use super::due::{Due, DueRule};
use super::facts::{Context, Entity};
use super::happening::Happening;
use super::phase::Phase;
use super::status::{FlowStatus, Surface};
use super::task::Task;
use crate::definition::Graph;
use crate::id::{DefinitionId, ExecutionId, StepExecutionId, TaskId, WorkspaceId};
use crate::time::Timestamp;

/// What people see of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Which one.
    pub execution_id: ExecutionId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Of which definition.
    pub definition_id: DefinitionId,
    /// In whose vocabulary.
    pub surface: Surface,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: FlowStatus,
    /// When it is due.
    pub due: Option<Due>,
    /// What it is about, in order.
    pub contexts: Vec<Context>,
    /// More.
    pub data: FlowData,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What nobody searches by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowData {
    /// Its phases in order.
    pub phases: Vec<Phase>,
    /// Who answers for it.
    pub assignees: Vec<Assignee>,
    /// The rule for its due date.
    pub due_rule: Option<DueRule>,
    /// Whether its due date was set by hand.
    pub due_by_hand: bool,
    /// Why it may be closed, and why it was.
    pub closing: Closing,
    /// What started it, as its surface says it.
    pub trigger: Value,
    /// The purposes that were asked for.
    pub purposes: Option<Vec<String>>,
    /// Who started it.
    pub started_by: Option<String>,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// What the surface copied from the template: entity sync, labels, switches.
    pub settings: Value,
}

/// Why a flow may be closed, and why it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Closing {
    /// The reasons to choose from, as they were at the start.
    pub configured: Option<Vec<Reason>>,
    /// The chosen ones.
    pub selected: Option<Vec<Reason>>,
    /// In words.
    pub description: Option<String>,
    /// Whether only one may be chosen.
    pub single: Option<bool>,
}

/// A reason to close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which one.
    pub id: String,
    /// In words.
    pub title: String,
}

/// The visit that started an execution and waits for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parent {
    /// In which execution.
    pub execution_id: ExecutionId,
    /// Which visit.
    pub step_execution_id: StepExecutionId,
    /// Of which task, if the step is one.
    pub task_id: Option<TaskId>,
    /// How many executions above this one.
    pub depth: u32,
}

/// What people see of an execution, loaded to decide about it.
#[derive(Clone, Debug, PartialEq)]
pub struct People {
    /// The whole.
    pub flow: Flow,
    /// All tasks, by position.
    pub tasks: Vec<Task>,
    /// What is known of what it is about; empty where the graph never asks.
    pub entities: Vec<Entity>,
}

/// What a decision changes for people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeopleChanges {
    /// The whole, if it changed.
    pub flow: Option<Flow>,
    /// Whether the contexts are others now.
    pub contexts_changed: bool,
    /// Tasks to insert or replace.
    pub tasks: Vec<Task>,
    /// Tasks that are no more.
    pub removed: Vec<TaskId>,
    /// The execution's own graph, if it was edited.
    pub graph: Option<Graph>,
    /// What happened, for entity sync.
    pub happened: Vec<Happening>,
}

/// What a flow is started with.
#[derive(Clone, Debug)]
pub struct StartPeople {
    /// Its name.
    pub name: String,
    /// In whose vocabulary.
    pub surface: Surface,
    /// What it is about.
    pub contexts: Vec<Context>,
    /// What is known of that.
    pub entities: Vec<Entity>,
    /// Who starts it.
    pub by: String,
    /// Due date, assignees, closing reasons, trigger, purposes, settings; phases are made from the graph.
    pub data: FlowData,
    /// When it is due, as text; goes before the rule.
    pub due_date: Option<String>,
}

impl People {
    /// The state after an execution was begun.
    pub fn begun(changes: &PeopleChanges) -> Option<Self> {
        let flow = changes.flow.clone()?;
        let mut tasks = changes.tasks.clone();
        tasks.sort_by_key(|task| (task.position, task.id));
        Some(Self { flow, tasks, entities: Vec::new() })
    }

    /// The state after a decision.
    pub fn take_over(&mut self, changes: &PeopleChanges) {
        if let Some(flow) = &changes.flow {
            self.flow = flow.clone();
        }
        self.tasks.retain(|task| !changes.removed.contains(&task.id));
        for task in &changes.tasks {
            match self.tasks.iter_mut().find(|known| known.id == task.id) {
                Some(known) => *known = task.clone(),
                None => self.tasks.push(task.clone()),
            }
        }
        self.tasks.sort_by_key(|task| (task.position, task.id));
    }

    /// The task of this id.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// The tasks that paths stand on.
    pub fn current(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| task.current_since.is_some())
    }
}

impl PeopleChanges {
    /// These changes and those decided on top of them, as one.
    pub(crate) fn then(&mut self, next: Self) {
        self.contexts_changed |= next.contexts_changed;
        self.flow = next.flow.or(self.flow.take());
        self.graph = next.graph.or(self.graph.take());
        self.tasks.retain(|task| !next.removed.contains(&task.id));
        for task in next.tasks {
            match self.tasks.iter_mut().find(|known| known.id == task.id) {
                Some(known) => *known = task,
                None => self.tasks.push(task),
            }
        }
        self.removed.extend(next.removed);
        self.happened.extend(next.happened);
    }
}
