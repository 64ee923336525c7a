//! Whether a task can be worked on (spec epilot-flows, 11.6).

use super::phase::{Phase, PhaseStatus};
use super::spec::{Requirement, TaskSpec};
use super::task::Task;

/// Whether everything is done that has to be done before a task: what somebody said goes first. What is not there any more is not
/// waited for.
pub(crate) fn enabled(spec: &TaskSpec, by_hand: Option<bool>, tasks: &[&Task], phases: &[Phase]) -> bool {
    let holds = |requirement: &Requirement| match requirement {
        Requirement::Task(key) => {
            let task = tasks.iter().find(|task| task.key == *key);
            task.is_none_or(|task| task.status.is_done())
        }
        Requirement::Phase(key) => {
            let phase = phases.iter().find(|phase| phase.key == *key);
            phase.is_none_or(|phase| phase.status == PhaseStatus::Completed)
        }
    };
    by_hand.unwrap_or_else(|| spec.requirements.iter().all(holds))
}
