//! Whether a task can be worked on (spec epilot-flows, 11.6).

use std::collections::HashMap;

use super::phase::{Phase, PhaseStatus};
use super::spec::{Requirement, TaskSpec};
use super::task::Task;

/// Whether everything is done that has to be done before a task: what somebody said goes first. What is not there any more is not
/// waited for.
pub(crate) fn enabled(spec: &TaskSpec, by_hand: Option<bool>, done: &HashMap<&str, bool>, phases: &[Phase]) -> bool {
    let holds = |requirement: &Requirement| match requirement {
        Requirement::Task(key) => done.get(key.as_str()).copied().unwrap_or(true),
        Requirement::Phase(key) => {
            let phase = phases.iter().find(|phase| phase.key == *key);
            phase.is_none_or(|phase| phase.status == PhaseStatus::Completed)
        }
    };
    by_hand.unwrap_or_else(|| spec.requirements.iter().all(holds))
}

/// Which tasks are done, by the template's ids.
pub(crate) fn done<'t>(tasks: impl IntoIterator<Item = &'t Task>) -> HashMap<&'t str, bool> {
    tasks.into_iter().map(|task| (task.key.as_str(), task.status.is_done())).collect()
}
