//! A graph as the invariants look at it: which step leads to which, worked out here once more and in another way than core does,
//! so that both would have to be wrong alike.

use std::ops::Deref;
use std::sync::Arc;

use stepwell_core::{Graph, Guard, Looping, Step, StepId, Transition, TransitionId};

use crate::flows::Chart;

/// A set of steps, a bit for each.
pub(crate) type Steps = u32;

/// A graph and what follows from it, where it has several paths.
#[derive(Debug)]
pub(crate) struct Map {
    graph: Graph,
    /// From each step, those that it leads to without an edge that leads back, itself included.
    on: Vec<Steps>,
    /// As `on`, with the edges that lead back.
    all: Vec<Steps>,
    /// What each edge that leads back repeats.
    bodies: Vec<(TransitionId, Steps)>,
    /// What people drew, if it is a flow; then nothing else is looked at.
    pub(crate) chart: Option<Chart>,
}

impl Deref for Map {
    type Target = Graph;
    fn deref(&self) -> &Graph {
        &self.graph
    }
}

pub(crate) fn is_back(edge: &Transition) -> bool {
    matches!(edge.looping, Some(Looping::Back { .. }))
}

impl Map {
    pub(crate) fn new(graph: Graph) -> Self {
        let chart = Chart::of(&graph);
        let mut map = Self { on: vec![], all: vec![], bodies: vec![], chart, graph };
        if map.graph.is_single_path() || map.chart.is_some() {
            return map;
        }
        map.on = map.closed(|edge| !is_back(edge));
        map.all = map.closed(|_| true);
        map.bodies = map
            .graph
            .transitions
            .iter()
            .filter(|edge| is_back(edge))
            .map(|edge| (edge.id, map.between(edge)))
            .collect();
        map
    }

    /// The same graph with other steps.
    pub(crate) fn changed(&self, change: impl Fn(&mut Step)) -> Arc<Self> {
        let mut graph = self.graph.clone();
        graph.steps.iter_mut().for_each(change);
        Self::new(graph).into()
    }

    fn closed(&self, counts: impl Fn(&Transition) -> bool) -> Vec<Steps> {
        let edges = self.graph.transitions.iter().filter(|edge| edge.guard != Guard::Never && counts(edge));
        let ends: Vec<_> = edges.map(|edge| (self.at(edge.from), self.at(edge.to))).collect();
        let mut to: Vec<Steps> = (0..self.graph.steps.len()).map(|at| 1 << at).collect();
        loop {
            let before = to.clone();
            for (from, end) in &ends {
                to[*from] |= to[*end];
            }
            if before == to {
                return to;
            }
        }
    }

    fn between(&self, back: &Transition) -> Steps {
        let (first, last) = (self.at(back.to), self.at(back.from));
        let through = |at: &usize| self.on[first] >> at & 1 == 1 && self.on[*at] >> last & 1 == 1;
        (0..self.on.len()).filter(through).map(|at| 1 << at).sum()
    }

    fn at(&self, step: StepId) -> usize {
        self.graph.steps.iter().position(|known| known.id == step).expect("a step of the graph")
    }

    pub(crate) fn bit(&self, step: StepId) -> Steps {
        1 << self.at(step)
    }

    /// Whether a path leads from one step to another without an edge that leads back.
    pub(crate) fn leads_on(&self, from: StepId, to: StepId) -> bool {
        self.on[self.at(from)] & self.bit(to) != 0
    }

    /// Whether any path leads from one step to another.
    pub(crate) fn leads(&self, from: StepId, to: StepId) -> bool {
        self.all[self.at(from)] & self.bit(to) != 0
    }

    /// What an edge that leads back repeats.
    pub(crate) fn body(&self, edge: TransitionId) -> Steps {
        self.bodies.iter().find(|(known, _)| *known == edge).map_or(0, |(_, body)| *body)
    }

    /// The loops inside the loop of this edge: those that repeat some but not all of its steps, and no others.
    pub(crate) fn inside(&self, edge: TransitionId) -> impl Iterator<Item = TransitionId> {
        let outer = self.body(edge);
        let inside = move |(inner, body): &&(TransitionId, Steps)| {
            *inner != edge && *body != outer && body & !outer == 0 && self.ends_in(*inner, outer)
        };
        self.bodies.iter().filter(inside).map(|(inner, _)| *inner)
    }

    fn ends_in(&self, edge: TransitionId, steps: Steps) -> bool {
        let edge = self.graph.transitions.iter().find(|known| known.id == edge).expect("an edge of the graph");
        (self.bit(edge.from) | self.bit(edge.to)) & !steps == 0
    }
}
