//! Which edges a finished step's execution follows (spec plunk-workflows, 7 rule 2).

use crate::definition::{Follow, Graph, Guard, Transition};
use crate::id::StepId;
use crate::marking::Marking;

/// The edges to follow: those, by priority, that are unconditional or name one of the branches; if there are none, those that stand
/// in for all others. Of several the first, unless the step follows all. With none the path ends.
pub(crate) fn choose<'g>(graph: &'g Graph, marking: &Marking, from: StepId, branches: &[&str]) -> Vec<&'g Transition> {
    let edges = passable(graph, marking, from);
    let taken = |edge: &&&Transition| match &edge.guard {
        Guard::Always => true,
        Guard::Branch(name) => branches.contains(&name.as_str()),
        Guard::Otherwise | Guard::Never => false,
    };
    let mut chosen: Vec<_> = edges.iter().filter(taken).copied().collect();
    if chosen.is_empty() {
        chosen.extend(edges.iter().filter(|edge| edge.guard == Guard::Otherwise));
    }
    followed(graph, from, chosen)
}

/// The edges that catch a failure of a step: those that name the branch, whatever other edges there are.
pub(crate) fn on_error<'g>(graph: &'g Graph, marking: &Marking, from: StepId, branch: &str) -> Vec<&'g Transition> {
    let mut edges = passable(graph, marking, from);
    edges.retain(|edge| matches!(&edge.guard, Guard::Branch(name) if name == branch));
    followed(graph, from, edges)
}

fn passable<'g>(graph: &'g Graph, marking: &Marking, from: StepId) -> Vec<&'g Transition> {
    let mut edges = graph.outgoing(from);
    edges.retain(|edge| marking.lets_pass(graph, edge));
    edges
}

fn followed<'g>(graph: &Graph, from: StepId, mut edges: Vec<&'g Transition>) -> Vec<&'g Transition> {
    if graph.step(from).is_none_or(|step| step.follow == Follow::First) {
        edges.truncate(1);
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edge, graph, step};

    fn target(guards: &[(&str, Guard, i32)], branch: Option<&str>) -> Option<String> {
        targets(Follow::First, guards, branch.as_slice()).pop()
    }

    fn targets(follow: Follow, guards: &[(&str, Guard, i32)], branches: &[&str]) -> Vec<String> {
        let mut steps = vec![step("from")];
        steps.extend(guards.iter().map(|(name, ..)| step(name)));
        let edges =
            guards.iter().map(|(to, guard, priority)| edge(&steps, "from", to, guard.clone(), *priority)).collect();
        steps[0].follow = follow;
        let graph = graph(steps, edges);
        let chosen = choose(&graph, &Marking::default(), graph.steps[0].id, branches);
        chosen.iter().filter_map(|edge| graph.step(edge.to)).map(|step| step.name.clone()).collect()
    }

    fn on(branch: &str) -> Guard {
        Guard::Branch(branch.to_owned())
    }

    #[test]
    fn the_edge_that_names_the_branch_is_taken() {
        let edges = [("a", on("yes"), 0), ("b", on("no"), 0)];
        assert_eq!(target(&edges, Some("no")).as_deref(), Some("b"));
    }

    #[test]
    fn lower_priority_is_looked_at_first_and_an_unconditional_edge_matches_any_branch() {
        let edges = [("a", on("yes"), 2), ("b", Guard::Always, 1)];
        assert_eq!(target(&edges, Some("yes")).as_deref(), Some("b"));
    }

    #[test]
    fn an_edge_for_everything_else_is_taken_last() {
        let edges = [("a", Guard::Otherwise, 0), ("b", on("timeout"), 5)];
        assert_eq!(target(&edges, Some("timeout")).as_deref(), Some("b"));
        assert_eq!(target(&edges, Some("event")).as_deref(), Some("a"));
    }

    #[test]
    fn several_branches_are_all_followed_by_a_step_that_follows_all() {
        let edges = [("a", on("yes"), 0), ("b", on("no"), 1), ("c", on("maybe"), 2), ("d", Guard::Otherwise, 3)];
        assert_eq!(targets(Follow::All, &edges, &["maybe", "yes"]), ["a", "c"]);
        assert_eq!(targets(Follow::First, &edges, &["maybe", "yes"]), ["a"]);
        assert_eq!(targets(Follow::All, &edges, &[]), ["d"]);
    }

    #[test]
    fn without_a_matching_edge_there_is_none() {
        assert_eq!(target(&[("a", on("yes"), 0), ("b", Guard::Never, 0)], Some("no")), None);
    }
}
