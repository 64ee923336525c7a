//! What the checks remember of a flow's way, since it is not stored, or only by core itself: which phases paths came to, and where the
//! flow stood when it was ended.

use std::collections::{BTreeSet, HashSet};

use stepwell_core::{Changes, Graph, JournalKind as Kind, StepId};

use crate::map::Map;

/// What is remembered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    /// The phases that paths have come to, if the flow did not go back before them.
    pub(crate) entered: BTreeSet<String>,
    /// Where the flow stood when somebody ended it.
    pub(crate) stood: BTreeSet<StepId>,
}

impl Trail {
    /// Reads a change of an execution.
    pub(crate) fn follow(&mut self, changes: &Changes, map: &Map) {
        let edited = changes.people.as_ref().and_then(|people| people.graph.clone()).map(Map::new);
        let map = edited.as_ref().unwrap_or(map);
        let Some(chart) = &map.chart else { return };
        for entry in &changes.journal {
            let phase = || chart.phase_of(chart.place(entry.step_id?)?);
            match (entry.kind, entry.step_id) {
                (Kind::StepScheduled | Kind::StepWaiting, Some(_)) => self.entered.extend(phase().map(str::to_owned)),
                (Kind::TaskReverted, Some(to)) => self.back(map, to),
                (Kind::FlowReopened, _) => self.stood.clear(),
                (Kind::FlowClosed | Kind::ExecutionCompleted, _) => self.ended(changes),
                _ => {}
            }
        }
    }

    /// The flow ends: where people end it, paths are given up at tasks that are not done.
    fn ended(&mut self, changes: &Changes) {
        if changes.journal.iter().any(|entry| entry.kind == Kind::TaskReverted) {
            return;
        }
        let tasks = changes.people.iter().flat_map(|people| &people.tasks);
        let done: Vec<_> = tasks.filter(|task| task.status.is_done()).map(|task| task.step_id).collect();
        let given_up = changes.journal.iter().filter(|entry| entry.kind == Kind::StepSkipped);
        self.stood.extend(given_up.filter_map(|entry| entry.step_id).filter(|step| !done.contains(step)));
    }

    /// The flow goes back to a task: of phases that lie behind it as a whole none was come to.
    fn back(&mut self, map: &Map, to: StepId) {
        let Some(chart) = &map.chart else { return };
        let behind = behind(map, to);
        let stays = |phase: &&String| {
            let inside = (0..chart.len()).filter(|at| chart.phase_of(*at) == Some(phase.as_str()));
            inside.filter_map(|at| chart.step(at)).any(|step| !behind.contains(&step) || step == to)
        };
        self.entered = self.entered.iter().filter(stays).cloned().collect();
    }
}

/// The steps behind one, without edges that lead back.
fn behind(graph: &Graph, from: StepId) -> HashSet<StepId> {
    let drawn = graph.drawn.as_deref();
    let phase = |step: StepId| graph.step(step).and_then(|step| step.task.as_ref()?.phase.clone());
    let (mut found, mut open) = (HashSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        let edges = graph.transitions.iter().filter(|edge| edge.from == at && edge.counter().is_none());
        let exits = drawn.iter().flat_map(|drawn| &drawn.compiled.exits);
        let exits = exits.filter(|exit| Some(&exit.phase) == phase(at).as_ref()).flat_map(|exit| &exit.to);
        let next: Vec<_> = edges.map(|edge| edge.to).chain(exits.copied()).collect();
        open.extend(next.into_iter().filter(|step| found.insert(*step)));
    }
    found
}
