//! What a graph says about a task: how it begins, what has to be done before it, when it is due, who is to do it.

use serde::{Deserialize, Serialize};

use super::assignee::Assignee;
use super::due::DueRule;
use super::schedule::Schedule;

/// What kind of work a task is. It decides who begins it and what a branch means; what it does is its component's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskKind {
    /// A person does it.
    Manual,
    /// Something is run.
    Automation,
    /// A branch is chosen.
    Decision,
    /// An agent works on it.
    Agent,
}

/// Who begins a task that has become current.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// A person.
    Manual,
    /// The engine, at once or by the schedule.
    #[default]
    Automatic,
}

/// What has to be done before a task can be worked on. Tasks and phases are named by the template's ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// A task is completed or skipped.
    Task(String),
    /// A phase is completed.
    Phase(String),
}

/// A step that people see as a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The template's id of the task.
    pub key: String,
    /// What kind of work it is.
    pub kind: TaskKind,
    /// The template's id of its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Who begins it.
    #[serde(default)]
    pub trigger: Trigger,
    /// When it begins, where the engine begins it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What has to be done before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    /// When it is due, as text; goes before `due`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    /// When it is due, by rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DueRule>,
    /// Who is to do it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<Assignee>,
    /// Labels and purposes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    /// How it repeats tasks, if it is a decision that does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// Whether it was added to a running flow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub added: bool,
}

/// A decision that repeats tasks. The branches are conditions of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// The branch that repeats.
    pub again: String,
    /// The branch that leaves; taken in place of the other once the rounds are used up.
    pub leave: String,
    /// How often it repeats at most.
    pub max: u32,
}
