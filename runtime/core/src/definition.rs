//! Definitions: graphs of steps, what starts them, and how often a contact may enter. Each edit makes a new immutable
//! version; an execution stays on the version it started with.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::flow::{Drawn, TaskSpec};
use crate::id::{DefinitionId, StepId, TemplateId, TransitionId, WorkspaceId};
use crate::plugin::Digest;
use crate::retry::RetryPolicy;
use crate::time::Timestamp;

/// The step type at which executions begin. It is the only one that is not a component: nothing runs there.
pub const TRIGGER: &str = "trigger";

/// Which vocabulary a definition belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefinitionKind {
    /// The workflows surface.
    Workflow,
    /// The flows surface: phases and tasks.
    Flow,
    /// The flows surface in its first version: sections and steps in one order.
    Checklist,
}

/// What starts executions of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TriggerKind {
    /// An event with the name of `event_name`.
    Event,
    /// Only a request.
    Manual,
    /// A cron expression.
    Schedule,
}

/// How often a contact may go through a definition. Enforced by a unique index over the execution's `reentry_key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reentry {
    /// Once, whatever became of it.
    Once,
    /// Once, but a failed or cancelled execution does not count.
    OnceUnlessFailed,
    /// One at a time.
    OneActive,
    /// Any number, also at a time.
    Always,
}

/// A graph's head: everything about it but the graph itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Which one.
    pub id: DefinitionId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Its vocabulary.
    pub kind: DefinitionKind,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it starts new executions.
    pub enabled: bool,
    /// What starts it.
    pub trigger: TriggerKind,
    /// The trigger's settings as they were given: `{eventName}`, `{cron, timeZone, …}`.
    pub trigger_config: Value,
    /// How often a contact may enter.
    pub reentry: Reentry,
    /// Whether each step of its executions is stored before the next one runs, also where nothing of it can be seen outside.
    #[serde(default)]
    pub commit_every_step: bool,
    /// The newest version of the graph.
    pub version: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Definition {
    /// The name of the event that starts it, if an event does.
    pub fn event_name(&self) -> Option<&str> {
        (self.trigger == TriggerKind::Event).then(|| self.trigger_config.get("eventName")?.as_str()).flatten()
    }
}

/// One version of a graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// The steps, oldest first.
    pub steps: Vec<Step>,
    /// The edges, oldest first.
    pub transitions: Vec<Transition>,
    /// What the edges were made from, where people drew phases and tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Box<Drawn>>,
}

/// A node of a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which one; the same in every version.
    pub id: StepId,
    /// The step type, in kebab-case.
    pub step_type: String,
    /// Its name, under which later steps read its output.
    pub name: String,
    /// Where an editor draws it.
    pub position: Position,
    /// Its configuration, valid against the step type's schema.
    pub config: Value,
    /// The template of an email step.
    pub template_id: Option<TemplateId>,
    /// How failures are tried again; none for the step type's default.
    pub retry: Option<RetryPolicy>,
    /// The component that the configuration was validated with.
    pub plugin: Option<Digest>,
    /// Along which edges the execution goes on.
    #[serde(default, skip_serializing_if = "Follow::is_first")]
    pub follow: Follow,
    /// Which of the paths that lead here enter it.
    #[serde(default, skip_serializing_if = "Join::is_any")]
    pub join: Join,
    /// What people see of it, where it is a task of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Box<TaskSpec>>,
    /// What the surface shows of it beside that, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Value>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which of the edges that may be followed from a step are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Follow {
    /// The first that may be.
    #[default]
    First,
    /// Each that may be, all at once: the step is a fork.
    All,
}

impl Follow {
    fn is_first(&self) -> bool {
        *self == Self::First
    }
}

/// Which of the paths that lead to a step enter it. It is entered once in each pass, whichever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// The first that arrives; those that come later end there.
    #[default]
    Any,
    /// All together: the step is due once no other path can still arrive.
    All,
}

impl Join {
    fn is_any(&self) -> bool {
        *self == Self::Any
    }
}

/// Where an editor draws a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// An edge of a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Which one.
    pub id: TransitionId,
    /// Where it leaves.
    pub from: StepId,
    /// Where it leads.
    pub to: StepId,
    /// When it is taken.
    pub guard: Guard,
    /// Lower is looked at first.
    pub priority: i32,
    /// The condition as it was written, for the surface that wrote it.
    pub condition: Option<Value>,
    /// Its part in a loop, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looping: Option<Looping>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An edge's part in a loop: that which leads back, or one that asks how far the loop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looping {
    /// Leads back: a new pass begins, in which the steps between its two ends may be entered again. It is followed `max` times,
    /// which makes `max + 1` passes, and then it is as if it were not there. A new pass of a loop around it counts anew.
    Back {
        /// How often it is followed at most. Loops in loops multiply: who takes graphs from outside has to bound it.
        max: u32,
    },
    /// Leads back as another edge of the same loop does, and counts there: both share its `max`.
    BackAs {
        /// The edge that counts.
        of: TransitionId,
    },
    /// Followed only while the loop of this edge has passes left.
    Within {
        /// The edge that leads back.
        of: TransitionId,
    },
    /// Followed only once that loop has no passes left.
    UsedUp {
        /// The edge that leads back.
        of: TransitionId,
    },
    /// The way out of a loop that leads back in the one around it: as [`BackAs`](Self::BackAs), but followed only once the inner loop
    /// has no passes left.
    BackOnceUsedUp {
        /// The edge that counts.
        of: TransitionId,
        /// The edge that leads back in the inner loop.
        once: TransitionId,
    },
}

impl Transition {
    /// The edge that counts the passes of the loop that this one leads back in; none if it leads on.
    pub fn counter(&self) -> Option<TransitionId> {
        match self.looping {
            Some(Looping::Back { .. }) => Some(self.id),
            Some(Looping::BackAs { of } | Looping::BackOnceUsedUp { of, .. }) => Some(of),
            None | Some(Looping::Within { .. } | Looping::UsedUp { .. }) => None,
        }
    }
}

/// When an edge is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Whatever the step's branch.
    Always,
    /// If the step answered with this branch.
    Branch(String),
    /// If no other edge of the step is taken.
    Otherwise,
    /// Never: its condition has a shape that nothing matches.
    Never,
}

impl Graph {
    /// The step of this id.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Whether people see steps of it as tasks.
    pub fn has_tasks(&self) -> bool {
        self.drawn.is_some()
    }

    /// Where executions begin.
    pub fn trigger(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.step_type == TRIGGER)
    }

    /// The edges that leave a step, in the order in which they are looked at.
    pub fn outgoing(&self, from: StepId) -> Vec<&Transition> {
        let mut edges: Vec<_> = self.transitions.iter().filter(|edge| edge.from == from).collect();
        edges.sort_by_key(|edge| edge.priority);
        edges
    }

    /// The edges that lead to a step.
    pub fn incoming(&self, to: StepId) -> impl Iterator<Item = &Transition> {
        self.transitions.iter().filter(move |edge| edge.to == to)
    }

    /// Whether executions go along one path only, of which nothing has to be remembered: nothing forks, and no edge says that it
    /// leads back. Only here is an edge that leads back without saying so followed for ever: who takes graphs from outside has to
    /// refuse it.
    pub fn is_single_path(&self) -> bool {
        self.steps.iter().all(|step| step.follow == Follow::First)
            && self.transitions.iter().all(|edge| edge.looping.is_none())
    }

    /// The steps that can be reached from one, itself included, in the order in which they are met.
    pub fn reachable(&self, from: StepId) -> Vec<StepId> {
        let mut found = vec![from];
        let mut next = 0;
        while let Some(&at) = found.get(next) {
            for edge in self.transitions.iter().filter(|edge| edge.from == at) {
                if !found.contains(&edge.to) {
                    found.push(edge.to);
                }
            }
            next += 1;
        }
        found
    }

    /// Whether an edge from one step to another would close a cycle.
    pub fn would_cycle(&self, from: StepId, to: StepId) -> bool {
        self.reachable(to).contains(&from)
    }
}
