//! A graph as people draw it: phases are nodes too, ends may be open, and which edge leads back is nowhere said.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::assignee::Assignee;
use super::due::DueRule;
use crate::definition::Step;
use crate::id::{DefinitionId, StepId, TransitionId};

/// The name of the node at which what was drawn begins.
pub const START: &str = "trigger";

/// What the transitions of a graph were made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// The phases in their order.
    pub phases: Vec<PhaseSpec>,
    /// The edges in their order.
    pub edges: Vec<DrawnEdge>,
    /// Whether a task waits for all of its predecessors, and requirements are ignored.
    #[serde(default)]
    pub linear: bool,
    /// Whether there are no edges: the first open task is the current one.
    #[serde(default)]
    pub list: bool,
    /// What was found out when it was compiled.
    #[serde(default)]
    pub compiled: Compiled,
}

/// A group of tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseSpec {
    /// The template's id.
    pub key: String,
    /// Its name.
    pub name: String,
    /// When it is due, as text; goes before `due`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    /// When it is due, by rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DueRule>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<Assignee>,
    /// Labels and purposes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    /// What else its surface says of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub shown: Map<String, Value>,
}

/// An edge between tasks, phases and the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnEdge {
    /// The template's id.
    pub key: String,
    /// A task, a phase or [`START`].
    pub from: String,
    /// A task or a phase; none for an open end.
    pub to: Option<String>,
    /// The condition of the decision at `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Whether it is taken when no condition is met.
    #[serde(default)]
    pub otherwise: bool,
    /// What else its surface says of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub shown: Map<String, Value>,
}

/// What the compiler found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiled {
    /// Where phases that are finished lead to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exits: Vec<Exit>,
    /// The loops, inner ones first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loops: Vec<LoopSpec>,
}

/// Where a phase leads to once it is finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The phase.
    pub phase: String,
    /// The tasks that are entered then.
    pub to: Vec<StepId>,
}

/// A decision that repeats tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopSpec {
    /// The decision.
    pub decision: StepId,
    /// The branch that repeats.
    pub again: String,
    /// The branch that leaves.
    pub leave: String,
    /// The edge that counts the rounds.
    pub back: TransitionId,
    /// How often it repeats at most.
    pub max: u32,
    /// The tasks it repeats, itself included.
    pub body: Vec<StepId>,
}

/// A graph that is to be compiled. Only its steps and what was drawn count; each step but the trigger has a task.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Of which definition: ids are made from it, so that they are the same in every version.
    pub definition: DefinitionId,
    /// The tasks in their order.
    pub steps: Vec<Step>,
    /// Phases and edges.
    pub drawn: Drawn,
}

/// Something wrong with what was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawProblem {
    /// Where: `edges.3.to_id`.
    pub path: String,
    /// What is wrong and how to mend it.
    pub message: String,
}
