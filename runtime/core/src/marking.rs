//! Which paths an execution went so far: what is remembered where a graph has several at once or repeats some.
//!
//! It is stored in the execution's row, so that no decision has to read visits that are done.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::definition::{Graph, Looping, Transition};
use crate::id::{StepId, TransitionId};

/// What an execution remembers of its way; empty where its graph is a single path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marking {
    /// The steps at which a path has arrived in this pass: nobody enters them again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) entered: BTreeSet<StepId>,
    /// How often each edge that leads back was followed since the loop around it began its pass.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) passes: BTreeMap<TransitionId, u32>,
    /// Where the other paths stood when a failure ended them: a retry goes on there as well.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) cut: BTreeSet<StepId>,
    /// The phases in which a path has ended: their exits are taken once nothing in them is current any more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) ending: BTreeSet<String>,
    /// Whether it stands still by somebody's wish: it was opened again, and nothing of it is current.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) open_by_hand: bool,
}

impl Marking {
    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an edge's part in a loop lets it be followed now.
    pub(crate) fn lets_pass(&self, graph: &Graph, edge: &Transition) -> bool {
        match edge.looping {
            None => true,
            Some(Looping::Back { max }) => self.passed(edge.id) < max,
            Some(Looping::BackAs { of } | Looping::Within { of }) => self.passed(of) < max_of(graph, of),
            Some(Looping::UsedUp { of }) => self.is_used_up(graph, of),
            Some(Looping::BackOnceUsedUp { of, once }) => {
                self.passed(of) < max_of(graph, of) && self.is_used_up(graph, once)
            }
        }
    }

    fn is_used_up(&self, graph: &Graph, of: TransitionId) -> bool {
        self.passed(of) >= max_of(graph, of)
    }

    /// How often an edge that leads back was followed.
    pub fn passed(&self, edge: TransitionId) -> u32 {
        self.passes.get(&edge).copied().unwrap_or(0)
    }
}

/// How often an edge that leads back may be followed. One that is not there leads nowhere.
fn max_of(graph: &Graph, edge: TransitionId) -> u32 {
    match graph.transitions.iter().find(|known| known.id == edge).and_then(|edge| edge.looping) {
        Some(Looping::Back { max }) => max,
        _ => 0,
    }
}
