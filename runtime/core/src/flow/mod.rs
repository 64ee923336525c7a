//! The people's side of an execution: tasks, phases, who does them, when they are due, and what the execution is about.
//!
//! A task is a step that people see. Whatever a person does to an execution is one [`Act`], decided by
//! [`advance`](crate::advance) like everything else.

mod act;
mod assignee;
mod begin;
mod board;
mod calendar;
mod change;
mod close;
mod deed;
mod draft;
mod drawn;
mod due;
mod edit;
mod enter;
mod facts;
mod happening;
mod inbox;
mod insert;
mod leave;
mod list;
mod loops;
mod patch;
mod people;
mod phase;
mod purpose;
mod reopen;
mod requirement;
mod revert;
mod run;
mod schedule;
mod settle;
mod spec;
mod standing;
mod status;
mod task;
mod work;

pub use act::{Act, ActRefused, Deed, RunResult};
pub use assignee::Assignee;
pub use calendar::{Span, Unit};
pub use draft::{compile, step_id};
pub use drawn::{Compiled, Draft, DrawProblem, Drawn, DrawnEdge, Exit, LoopSpec, PhaseSpec, START};
pub use due::{Due, DueRule, DueWhen, reading};
pub use edit::MAX_TASKS;
pub use facts::{Context, Entity, Facts};
pub use happening::{Happening, HappeningKind};
pub use inbox::noted;
pub use patch::{AddTask, FlowPatch, InsertItem, PhasePatch, TaskPatch};
pub use people::{Closing, Flow, FlowData, Parent, People, PeopleChanges, Reason, StartPeople};
pub use phase::{Phase, PhaseStatus};
pub use run::{CHILD_ENDED, ENTITY_CHANGED};
pub use schedule::{ArmError, Armed, Reference, Schedule};
pub use spec::{Repeat, Requirement, TaskKind, TaskSpec, Trigger};
pub use status::{FlowStatus, Surface, TaskStatus, refuses};
pub use task::{Run, Task, TaskData, Times};

pub(crate) use begin::{again, begin, ended};
pub(crate) use deed::acted;
pub(crate) use enter::{Seen, arrive, take_up};
pub(crate) use inbox::asks;
pub(crate) use leave::exits;
pub(crate) use run::{completed, failed, waits, woken};
pub(crate) use settle::{all as settle, finish};

#[cfg(test)]
mod tests;
