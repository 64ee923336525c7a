//! Which tasks of a flow are for what it was started for (spec epilot-flows, 11.1 rule 3).

use super::task::Task;
use crate::decision::Decision;

/// The tasks that are for other purposes than those that were asked for: of them, or where they say nothing of their phase. Without
/// a wish none is.
pub(crate) fn left_out(decision: &Decision<'_>) -> Vec<Task> {
    let wanted = decision.flow().and_then(|flow| flow.data.purposes.as_ref());
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else { return Vec::new() };
    let other = |tags: &[String]| !tags.is_empty() && !tags.iter().any(|tag| wanted.contains(tag));
    let drawn = decision.graph.drawn.as_deref();
    let of_phase = |task: &Task| {
        let phase = drawn.and_then(|drawn| drawn.phases.iter().find(|phase| Some(&phase.key) == task.phase.as_ref()));
        phase.map_or(&[][..], |phase| &phase.taxonomies)
    };
    let of_task = |task: &Task| {
        let step = decision.graph.step(task.step_id);
        step.and_then(|step| step.task.as_deref()).map_or(&[][..], |spec| &spec.taxonomies)
    };
    let tags = |task: &Task| match of_task(task) {
        [] => of_phase(task).to_vec(),
        own => own.to_vec(),
    };
    decision.tasks().into_iter().filter(|task| other(&tags(task))).cloned().collect()
}
