//! Which steps lie on which paths of a graph: what a loop repeats, and from where a join can still be reached.

use std::collections::{HashMap, HashSet};

use crate::definition::{Graph, Guard, Transition};
use crate::id::StepId;

/// A way from one step to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'g> {
    pub(crate) from: StepId,
    pub(crate) to: StepId,
    /// Its edge; none where a phase that is finished leads on from each of its tasks.
    pub(crate) edge: Option<&'g Transition>,
}

impl Way<'_> {
    /// Whether it does not lead back.
    pub(crate) fn leads_on(&self) -> bool {
        self.edge.is_none_or(|edge| edge.counter().is_none())
    }
}

/// The ways of a graph, found by their ends.
pub(crate) struct Paths<'g> {
    leaving: HashMap<StepId, Vec<Way<'g>>>,
    arriving: HashMap<StepId, Vec<Way<'g>>>,
}

impl<'g> Paths<'g> {
    /// All edges that may ever be followed, and where phases lead to.
    pub(crate) fn of(graph: &'g Graph) -> Self {
        let mut paths = Self { leaving: HashMap::new(), arriving: HashMap::new() };
        for edge in graph.transitions.iter().filter(|edge| edge.guard != Guard::Never) {
            paths.add(Way { from: edge.from, to: edge.to, edge: Some(edge) });
        }
        for exit in graph.drawn.iter().flat_map(|drawn| &drawn.compiled.exits) {
            let inside = |phase: Option<&str>| phase == Some(exit.phase.as_str());
            let tasks = graph.steps.iter().filter(|step| inside(step.task.as_ref().and_then(|it| it.phase.as_deref())));
            for from in tasks.map(|step| step.id) {
                exit.to.iter().for_each(|to| paths.add(Way { from, to: *to, edge: None }));
            }
        }
        paths
    }

    fn add(&mut self, way: Way<'g>) {
        self.leaving.entry(way.from).or_default().push(way);
        self.arriving.entry(way.to).or_default().push(way);
    }

    /// The ways from a step.
    pub(crate) fn leaving(&self, step: StepId) -> &[Way<'g>] {
        self.leaving.get(&step).map_or(&[], Vec::as_slice)
    }

    /// The ways to a step.
    pub(crate) fn arriving(&self, step: StepId) -> &[Way<'g>] {
        self.arriving.get(&step).map_or(&[], Vec::as_slice)
    }

    /// What a loop repeats: every step on a path from where its edge leads back to, to where it comes from, without an edge that
    /// leads back. Empty if there is no such path.
    pub(crate) fn body(&self, back: &Transition) -> HashSet<StepId> {
        let before = self.before(back.from, Way::leads_on);
        self.behind(back.to).into_iter().filter(|step| before.contains(step)).collect()
    }

    /// The steps from which a path leads to this one in the pass that it is in, itself included. An edge that leads back into a
    /// loop which this step is part of begins another pass.
    pub(crate) fn to_join(&self, step: StepId) -> HashSet<StepId> {
        let (behind, before) = (self.behind(step), self.before(step, Way::leads_on));
        self.before(step, |way| way.leads_on() || !(behind.contains(&way.from) && before.contains(&way.to)))
    }

    /// The steps to which a path leads from this one without an edge that leads back, itself included.
    pub(crate) fn behind(&self, step: StepId) -> HashSet<StepId> {
        reached(step, |at| self.leaving(at).iter().filter(|way| way.leads_on()).map(|way| way.to).collect())
    }

    fn before(&self, step: StepId, counts: impl Fn(&Way<'g>) -> bool) -> HashSet<StepId> {
        reached(step, |at| self.arriving(at).iter().filter(|way| counts(way)).map(|way| way.from).collect())
    }
}

fn reached(from: StepId, next: impl Fn(StepId) -> Vec<StepId>) -> HashSet<StepId> {
    let (mut found, mut open) = (HashSet::from([from]), vec![from]);
    while let Some(at) = open.pop() {
        open.extend(next(at).into_iter().filter(|step| found.insert(*step)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Looping;
    use crate::testing::{edge, graph, step};

    /// a → b → c → d, b → x → d, and c leads back to b.
    fn looped() -> Graph {
        let steps: Vec<_> = ["a", "b", "c", "d", "x"].map(step).into();
        let pairs = [("a", "b"), ("b", "c"), ("c", "d"), ("b", "x"), ("x", "d")];
        let mut edges: Vec<_> = pairs.iter().map(|(from, to)| edge(&steps, from, to, Guard::Always, 0)).collect();
        edges.push(Transition { looping: Some(Looping::Back { max: 1 }), ..edge(&steps, "c", "b", Guard::Always, 0) });
        graph(steps, edges)
    }

    fn names(graph: &Graph, steps: &HashSet<StepId>) -> String {
        graph.steps.iter().filter(|step| steps.contains(&step.id)).map(|step| step.name.as_str()).collect()
    }

    #[test]
    fn a_loop_repeats_what_lies_between_the_ends_of_its_edge() {
        let graph = looped();
        assert_eq!(names(&graph, &Paths::of(&graph).body(&graph.transitions[5])), "bc");
    }

    #[test]
    fn a_join_behind_a_loop_is_reached_through_it_and_one_inside_only_in_its_own_pass() {
        let graph = looped();
        let paths = Paths::of(&graph);
        let to = |name: usize| names(&graph, &paths.to_join(graph.steps[name].id));
        assert_eq!((to(4).as_str(), to(2).as_str()), ("abcx", "abc"));
    }
}
