//! Which steps lie on which paths of a graph: what a loop repeats, and from where a join can still be reached.

use std::collections::{HashMap, HashSet};

use crate::definition::{Graph, Guard, Looping, Transition};
use crate::id::StepId;

/// A graph's edges, found by their ends.
pub(crate) struct Paths<'g> {
    leaving: HashMap<StepId, Vec<&'g Transition>>,
    arriving: HashMap<StepId, Vec<&'g Transition>>,
}

impl<'g> Paths<'g> {
    /// All edges that may ever be followed.
    pub(crate) fn of(graph: &'g Graph) -> Self {
        let mut paths = Self { leaving: HashMap::new(), arriving: HashMap::new() };
        for edge in graph.transitions.iter().filter(|edge| edge.guard != Guard::Never) {
            paths.leaving.entry(edge.from).or_default().push(edge);
            paths.arriving.entry(edge.to).or_default().push(edge);
        }
        paths
    }

    /// What a loop repeats: every step on a path from where its edge leads back to, to where it comes from, without an edge that
    /// leads back. Empty if there is no such path.
    pub(crate) fn body(&self, back: &Transition) -> HashSet<StepId> {
        let before = self.before(back.from, leads_on);
        self.behind(back.to).into_iter().filter(|step| before.contains(step)).collect()
    }

    /// The steps from which a path leads to this one in the pass that it is in, itself included. An edge that leads back into a
    /// loop which this step is part of begins another pass.
    pub(crate) fn to_join(&self, step: StepId) -> HashSet<StepId> {
        let (behind, before) = (self.behind(step), self.before(step, leads_on));
        self.before(step, |edge| leads_on(edge) || !(behind.contains(&edge.from) && before.contains(&edge.to)))
    }

    fn behind(&self, step: StepId) -> HashSet<StepId> {
        reached(step, |at| ends(&self.leaving, at).filter(|edge| leads_on(edge)).map(|edge| edge.to).collect())
    }

    fn before(&self, step: StepId, counts: impl Fn(&Transition) -> bool) -> HashSet<StepId> {
        reached(step, |at| ends(&self.arriving, at).filter(|edge| counts(edge)).map(|edge| edge.from).collect())
    }
}

fn ends<'a, 'g>(
    edges: &'a HashMap<StepId, Vec<&'g Transition>>,
    at: StepId,
) -> impl Iterator<Item = &'g Transition> + use<'a, 'g> {
    edges.get(&at).into_iter().flatten().copied()
}

fn leads_on(edge: &Transition) -> bool {
    edge.counter().is_none()
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
