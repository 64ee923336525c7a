//! The operations of a schedule, as a failure shows them.

use serde_json::Value;
use stepwell_core::{ExecutionId, StepExecutionId};
use uuid::Uuid;

use crate::flows::Told;
use crate::nodes::{Ask, Job, Luck};
use crate::world::NodeId;

/// What was done, for the reader of a failure.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "read by people, as Debug shows it")]
pub(crate) enum Op {
    /// A node does one of its jobs.
    Do(NodeId, &'static str, Uuid, Luck),
    Track(NodeId, u128, &'static str, Luck),
    Start(NodeId, usize, Option<u128>),
    /// A node looks for what is due.
    Look(NodeId),
    /// A node prolongs its leases.
    Renew(NodeId),
    Crash(NodeId),
    Double(NodeId, &'static str),
    Lose(NodeId, &'static str),
    Clock(i64),
    Cancel(NodeId, ExecutionId),
    Retry(NodeId, ExecutionId),
    Task(NodeId, Uuid),
    /// A person does something to a flow.
    Act(NodeId, ExecutionId, Told),
    /// What flows are about has another date.
    Entity(Value),
    /// A wait that was ended is ended again.
    Nudge(StepExecutionId),
    Edit(usize),
    /// The schedule is over; from here all that is due is done.
    Drain,
    /// Everything that waits gets what it waits for.
    Answer,
}

/// What a job is called, and what it is about.
pub(crate) fn name(job: &Job) -> (&'static str, Uuid) {
    match job {
        Job::Claim(visit) => ("claim", visit.id.0),
        Job::TakeOver(visit) => ("take over", visit.id.0),
        Job::Run(visit) => ("run", visit.id.0),
        Job::Decide(Ask::Settle(ran)) => ("decide: settled", ran[0].visit.id.0),
        Job::Decide(Ask::Wake(wait, _)) => ("decide: woken", wait.step_execution_id.0),
        Job::Decide(Ask::Cancel(id)) => ("decide: cancelled", id.0),
        Job::Decide(Ask::Retry(id)) => ("decide: retried", id.0),
        Job::Decide(Ask::Act(acting)) => ("decide: act", acting.id.0),
        Job::Apply(Ask::Settle(ran), _) => ("commit: settled", ran[0].visit.id.0),
        Job::Apply(Ask::Wake(wait, _), _) => ("commit: woken", wait.step_execution_id.0),
        Job::Apply(Ask::Cancel(id), _) => ("commit: cancelled", id.0),
        Job::Apply(Ask::Retry(id), _) => ("commit: retried", id.0),
        Job::Apply(Ask::Act(acting), _) => ("commit: act", acting.id.0),
    }
}
