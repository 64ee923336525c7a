//! Phases as they are shown.

use std::collections::HashMap;

use stepwell_core::flow::{Phase, PhaseSpec, Task, Times};

use super::loops::Loops;
use super::show::{View, some};
use crate::flows::convert::all;
use crate::flows::wire;
use crate::flows::wire::common::More;
use crate::flows::wire::task::AnalyticsInfo;
use crate::wire::Time;

/// Members that are never taken from what a template says beyond its own: the server says them.
const OWN: &[&str] = &["template_id", "status", "updated_at", "analytics", "loop_config"];

/// The phases of an execution, in order.
pub(super) fn phases(of: &View<'_>, loops: &Loops<'_>) -> Vec<wire::execution::Phase> {
    let specs: HashMap<&str, &PhaseSpec> =
        of.graph.drawn.iter().flat_map(|drawn| &drawn.phases).map(|spec| (spec.key.as_str(), spec)).collect();
    let mut inside: HashMap<&str, Vec<&Task>> = HashMap::new();
    for task in &of.people.tasks {
        if let Some(phase) = task.phase.as_deref() {
            inside.entry(phase).or_default().push(task);
        }
    }
    let shown = |phase: &Phase| {
        let tasks = inside.get(phase.key.as_str()).into_iter().flatten().copied();
        wire::execution::Phase {
            loop_config: loops.phase(tasks),
            ..shown(phase, specs.get(phase.key.as_str()).copied())
        }
    };
    of.people.flow.data.phases.iter().map(shown).collect()
}

fn shown(phase: &Phase, spec: Option<&PhaseSpec>) -> wire::execution::Phase {
    let assignees = phase.assignees.clone().or_else(|| spec.map(|spec| spec.assignees.clone()));
    let rule = phase.due_rule.clone().or_else(|| spec.and_then(|spec| spec.due.clone()));
    wire::execution::Phase {
        id: phase.id.clone(),
        template_id: phase.key.clone(),
        name: phase.name.clone(),
        status: Some(phase.status.into()),
        updated_at: Some(Time(phase.updated_at)),
        due_date: phase.due.as_ref().map(|due| due.text.clone()),
        due_date_config: rule.map(Into::into),
        assigned_to: some(all(assignees.unwrap_or_default())),
        analytics: Some(analytics(&phase.times)),
        taxonomies: some(spec.map(|spec| spec.taxonomies.clone()).unwrap_or_default()),
        loop_config: None,
        more: spec.map(more).unwrap_or_default(),
    }
}

/// What the template says beyond what phases have.
fn more(spec: &PhaseSpec) -> More {
    let said = spec.shown.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    said.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Who did what when.
pub(super) fn analytics(times: &Times) -> AnalyticsInfo {
    let time = |at: Option<stepwell_core::Timestamp>| at.map(Time);
    AnalyticsInfo {
        started_at: time(times.started_at),
        in_progress_at: time(times.in_progress_at),
        completed_at: time(times.completed_at),
        status_updated_at: time(times.status_updated_at),
        in_progress_by: times.in_progress_by.clone(),
        completed_by: times.completed_by.clone(),
        skipped_by: times.skipped_by.clone(),
        on_hold_by: times.on_hold_by.clone(),
    }
}
