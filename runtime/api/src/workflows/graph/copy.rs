//! Copying a graph: the same shape, new ids.

use std::collections::HashMap;

use stepwell_core::{Given, Graph, Looping, Step, StepId, Transition, TransitionId};

/// A graph like this one whose steps and transitions are new ones.
pub(crate) fn copy(graph: &Graph, given: &Given<'_>) -> Graph {
    let new_ids: HashMap<StepId, StepId> = graph.steps.iter().map(|step| (step.id, given.id())).collect();
    let id = |old: StepId| new_ids.get(&old).copied().unwrap_or(old);
    let new_edges: HashMap<TransitionId, TransitionId> =
        graph.transitions.iter().map(|edge| (edge.id, given.id())).collect();
    let edge_id = |old: TransitionId| new_edges.get(&old).copied().unwrap_or(old);
    let looping = |part: Looping| match part {
        Looping::Back { max } => Looping::Back { max },
        Looping::BackAs { of } => Looping::BackAs { of: edge_id(of) },
        Looping::Within { of } => Looping::Within { of: edge_id(of) },
        Looping::UsedUp { of } => Looping::UsedUp { of: edge_id(of) },
        Looping::BackOnceUsedUp { of, once } => Looping::BackOnceUsedUp { of: edge_id(of), once: edge_id(once) },
    };
    let (created_at, updated_at) = (given.now, given.now);
    let steps =
        graph.steps.iter().map(|step| Step { id: id(step.id), created_at, updated_at, ..step.clone() }).collect();
    let transitions = graph.transitions.iter().map(|old| Transition {
        id: edge_id(old.id),
        from: id(old.from),
        to: id(old.to),
        looping: old.looping.map(looping),
        created_at,
        updated_at,
        ..old.clone()
    });
    Graph { steps, transitions: transitions.collect(), drawn: None }
}
