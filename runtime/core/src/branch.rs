//! Which edge a finished step's execution follows (spec plunk-workflows, 7 rule 2).

use crate::definition::{Graph, Guard, Transition};
use crate::id::StepId;

/// The edge to follow: the first, by priority, that is unconditional or names the branch; else the first that stands in
/// for all others. `None` ends the execution.
pub(crate) fn choose<'g>(graph: &'g Graph, from: StepId, branch: Option<&str>) -> Option<&'g Transition> {
    let edges = graph.outgoing(from);
    let taken = |edge: &&&Transition| match &edge.guard {
        Guard::Always => true,
        Guard::Branch(name) => branch == Some(name.as_str()),
        Guard::Otherwise | Guard::Never => false,
    };
    edges.iter().find(taken).or_else(|| edges.iter().find(|edge| edge.guard == Guard::Otherwise)).copied()
}

/// The edge that catches a failure of a step: the first that names the branch, whatever other edges there are.
pub(crate) fn on_error<'g>(graph: &'g Graph, from: StepId, branch: &str) -> Option<&'g Transition> {
    graph.outgoing(from).into_iter().find(|edge| matches!(&edge.guard, Guard::Branch(name) if name == branch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edge, graph, step};

    fn target(guards: &[(&str, Guard, i32)], branch: Option<&str>) -> Option<String> {
        let mut steps = vec![step("from")];
        steps.extend(guards.iter().map(|(name, ..)| step(name)));
        let edges =
            guards.iter().map(|(to, guard, priority)| edge(&steps, "from", to, guard.clone(), *priority)).collect();
        let graph = graph(steps, edges);
        let chosen = choose(&graph, graph.steps[0].id, branch)?;
        graph.step(chosen.to).map(|step| step.name.clone())
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
    fn without_a_matching_edge_there_is_none() {
        assert_eq!(target(&[("a", on("yes"), 0), ("b", Guard::Never, 0)], Some("no")), None);
    }
}
