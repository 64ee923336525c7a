//! Edges: their ends are there, and only decisions have branches.

use stepwell_core::flow::START;

use super::{Names, Problems, shown};
use crate::flows::wire::template_task::TemplateEdge;

/// Notes what is wrong with an edge.
pub(super) fn check(at: &str, edge: &TemplateEdge, names: &Names<'_>, problems: &mut Problems) {
    let is_node = |id: &str| names.tasks.contains_key(id) || names.phases.contains(id);
    let nowhere = |id: &str| format!("there is no task or phase {:?}", shown(id));
    if edge.from_id != START && !is_node(&edge.from_id) {
        problems.add(format!("{at}.from_id"), nowhere(&edge.from_id));
        return;
    }
    match edge.to_id.as_deref().filter(|to| !to.is_empty()) {
        Some(START) => problems.add(format!("{at}.to_id"), "nothing may lead back to the trigger"),
        Some(to) if !is_node(to) => problems.add(format!("{at}.to_id"), nowhere(to)),
        Some(_) | None => {}
    }
    let condition = edge.condition_id.as_deref().filter(|id| !id.is_empty());
    let Some(decision) = names.decision(&edge.from_id) else {
        if condition.is_some() {
            problems.add(format!("{at}.condition_id"), "only an edge of a decision has a condition");
        }
        if edge.none_met == Some(true) {
            problems.add(format!("{at}.none_met"), "only an edge of a decision can be the default branch");
        }
        return;
    };
    let known = |id: &str| decision.conditions.iter().flatten().any(|condition| condition.id == id);
    if let Some(id) = condition.filter(|id| !known(id)) {
        let message = format!("the decision {:?} has no condition {:?}", shown(&decision.id), shown(id));
        problems.add(format!("{at}.condition_id"), message);
    }
}
