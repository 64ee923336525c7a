//! Where the tasks of an execution stand, and what that means for those that paths may still come to.
//!
//! Everything here is computed from statuses and the graph alone: nothing of it is remembered.

use std::collections::{HashMap, HashSet};

use super::drawn::LoopSpec;
use super::spec::TaskSpec;
use super::task::Task;
use crate::definition::{Graph, Guard, Looping, Transition};
use crate::id::StepId;
use crate::marking::Marking;
use crate::paths::{Paths, Way};
use crate::time::Timestamp;

/// The tasks and the ways between them.
pub(crate) struct Board<'a> {
    pub(crate) graph: &'a Graph,
    paths: Paths<'a>,
    marking: &'a Marking,
    tasks: HashMap<StepId, &'a Task>,
    /// The steps that paths stand on, those that wait for other paths among them.
    on: HashSet<StepId>,
    /// Those that wait for other paths.
    held: HashSet<StepId>,
}

/// When the direct predecessors of a task were done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preceding {
    /// The first of them.
    pub(crate) first: Option<Timestamp>,
    /// The last, once none is left that may still come.
    pub(crate) all: Option<Timestamp>,
}

/// The steps that paths may still come to.
#[derive(Debug, Default)]
pub(crate) struct Reach(HashSet<StepId>);

impl Reach {
    /// Whether a path may come to a step.
    pub(crate) fn contains(&self, step: StepId) -> bool {
        self.0.contains(&step)
    }
}

impl<'a> Board<'a> {
    /// `on`: the steps that paths stand on, each with whether it waits for other paths.
    pub(crate) fn of(
        graph: &'a Graph,
        marking: &'a Marking,
        tasks: impl IntoIterator<Item = &'a Task>,
        on: impl IntoIterator<Item = (StepId, bool)>,
    ) -> Self {
        let (mut stands, mut held) = (HashSet::new(), HashSet::new());
        for (step, waits) in on {
            stands.insert(step);
            if waits {
                held.insert(step);
            }
        }
        let tasks = tasks.into_iter().map(|task| (task.step_id, task)).collect();
        Self { graph, paths: Paths::of(graph), marking, tasks, on: stands, held }
    }

    pub(crate) fn task(&self, step: StepId) -> Option<&'a Task> {
        self.tasks.get(&step).copied()
    }

    /// The tasks of a phase.
    pub(crate) fn inside<'b>(&'b self, phase: &'b str) -> impl Iterator<Item = &'a Task> + use<'a, 'b> {
        self.tasks.values().copied().filter(move |task| task.phase.as_deref() == Some(phase))
    }

    /// Whether a path stands on a step and does not wait for others there.
    pub(crate) fn is_current(&self, step: StepId) -> bool {
        self.on.contains(&step) && !self.held.contains(&step)
    }

    /// The steps that paths may still come to, from where they stand.
    pub(crate) fn reach(&self) -> Reach {
        let mut found: HashSet<StepId> = self.held.clone();
        // A step, and the loop that would be in a new round there: what is done in it is done again.
        let mut open: Vec<(StepId, Option<usize>)> = self.on.iter().map(|step| (*step, None)).collect();
        let mut seen: HashSet<_> = open.iter().copied().collect();
        while let Some((step, round)) = open.pop() {
            for way in self.ways(step, round) {
                let round = self.round(&way, round);
                found.insert(way.to);
                if seen.insert((way.to, round)) {
                    open.push((way.to, round));
                }
            }
        }
        Reach(found)
    }

    /// The ways that may be taken from a step to which a path has come.
    fn ways(&self, step: StepId, round: Option<usize>) -> Vec<Way<'a>> {
        let done =
            round.is_none() && self.task(step).is_some_and(|task| task.status.is_done()) && !self.on.contains(&step);
        if done {
            return self.taken(step);
        }
        let ways = self.paths.leaving(step).iter().copied();
        ways.filter(|way| way.edge.is_none_or(|edge| self.may_pass(edge, round))).collect()
    }

    /// `round`: the loop that would be in a new round: loops inside it count anew.
    fn may_pass(&self, edge: &Transition, round: Option<usize>) -> bool {
        let counter = match edge.looping {
            None | Some(Looping::UsedUp { .. }) => return true,
            Some(Looping::Back { .. }) => edge.id,
            Some(Looping::BackAs { of } | Looping::Within { of } | Looping::BackOnceUsedUp { of, .. }) => of,
        };
        let loops = self.loops();
        let inner = loops.iter().find(|of| of.back == counter);
        let anew = round.and_then(|at| loops.get(at)).zip(inner).is_some_and(|(outer, inner)| {
            inner.body.len() < outer.body.len() && inner.body.iter().all(|step| outer.body.contains(step))
        });
        anew || self.marking.lets_pass(self.graph, edge)
    }

    fn loops(&self) -> &'a [LoopSpec] {
        self.graph.drawn.as_ref().map_or(&[][..], |drawn| &drawn.compiled.loops)
    }

    /// The loop that is in a new round where a way leads to: the largest that it leads back in, as long as it stays inside.
    fn round(&self, way: &Way<'_>, round: Option<usize>) -> Option<usize> {
        let loops = self.loops();
        let begun =
            way.edge.and_then(|edge| edge.counter()).and_then(|back| loops.iter().position(|it| it.back == back));
        // Inner loops come first, so the larger number is the larger loop.
        let inside = |at: &usize| loops.get(*at).is_some_and(|of| of.body.contains(&way.to));
        round.into_iter().chain(begun).filter(inside).max()
    }

    /// The ways that were taken behind a task that is done: the plain ones and those of its branches, else the default ones; the exit
    /// of its phase if there is none of these. None while it is open.
    pub(crate) fn taken(&self, step: StepId) -> Vec<Way<'a>> {
        let Some(task) = self.task(step).filter(|task| task.status.is_done()) else { return Vec::new() };
        let chosen = &task.data.chosen;
        let (edges, exits): (Vec<_>, Vec<_>) =
            self.paths.leaving(step).iter().copied().partition(|way| way.edge.is_some());
        let guarded = |way: &Way<'a>, holds: &dyn Fn(&Guard) -> bool| {
            way.edge.is_some_and(|edge| holds(&edge.guard) && self.marking.lets_pass(self.graph, edge))
        };
        let named = |guard: &Guard| matches!(guard, Guard::Branch(name) if chosen.contains(name));
        let of_branch = edges.iter().any(|way| guarded(way, &named));
        let holds = |guard: &Guard| match guard {
            Guard::Always => true,
            Guard::Branch(_) => named(guard),
            Guard::Otherwise => !of_branch && chosen.is_empty(),
            Guard::Never => false,
        };
        let taken: Vec<_> = edges.into_iter().filter(|way| guarded(way, &holds)).collect();
        if taken.is_empty() { exits } else { taken }
    }

    /// When the direct predecessors of a task were done, seen from the flow's start at `started`.
    pub(crate) fn preceding(&self, step: StepId, reach: &Reach, started: Timestamp) -> Preceding {
        self.before(|to| to == step, |_| true, [step], reach, started)
    }

    /// When the tasks outside a phase that lead into it were done.
    pub(crate) fn preceding_phase(&self, phase: &str, reach: &Reach, started: Timestamp) -> Preceding {
        let inside: HashSet<StepId> = self.inside(phase).map(|task| task.step_id).collect();
        let steps: Vec<_> = inside.iter().copied().collect();
        self.before(|to| inside.contains(&to), |from| !inside.contains(&from), steps, reach, started)
    }

    fn before(
        &self,
        into: impl Fn(StepId) -> bool,
        counts: impl Fn(StepId) -> bool,
        steps: impl IntoIterator<Item = StepId>,
        reach: &Reach,
        started: Timestamp,
    ) -> Preceding {
        let arriving = steps.into_iter().flat_map(|step| self.paths.arriving(step));
        let from: HashSet<StepId> =
            arriving.filter(|way| way.leads_on() && counts(way.from)).map(|way| way.from).collect();
        let tasks: Vec<_> = from.into_iter().filter_map(|from| self.task(from)).collect();
        if tasks.is_empty() {
            return Preceding { first: Some(started), all: Some(started) };
        }
        let open = tasks.iter().any(|task| !task.status.is_done() && self.comes(task.step_id, reach));
        let done = tasks.iter().filter(|task| self.taken(task.step_id).iter().any(|way| into(way.to)));
        let done: Vec<_> = done.filter_map(|task| task.data.times.completed_at).collect();
        Preceding { first: done.iter().copied().min(), all: done.into_iter().max().filter(|_| !open) }
    }

    /// Whether a path stands on a step or may still come to it.
    fn comes(&self, step: StepId, reach: &Reach) -> bool {
        self.on.contains(&step) || reach.contains(step)
    }

    /// Whether a task of a flow that waits for all predecessors can be worked on: none of them is left that may still come, and a
    /// path led here from one, or it has none.
    pub(crate) fn linear_enabled(&self, step: StepId, reach: &Reach) -> bool {
        self.is_current(step) || self.preceding(step, reach, Timestamp(0)).all.is_some()
    }

    /// What the graph says about a task.
    pub(crate) fn spec(&self, step: StepId) -> Option<&'a TaskSpec> {
        self.graph.step(step)?.task.as_deref()
    }
}
