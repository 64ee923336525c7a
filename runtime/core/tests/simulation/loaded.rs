//! What is read of an execution to decide about it, and moved on by decisions that are not stored yet.

use std::sync::Arc;

use stepwell_core::flow::People;
use stepwell_core::{Changes, Execution, State, StepExecution};

use crate::map::Map;

/// An execution as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) map: Arc<Map>,
    pub(crate) execution: Execution,
    /// Those that are not done.
    pub(crate) visits: Vec<StepExecution>,
    /// None where nobody works on it.
    pub(crate) people: Option<People>,
}

impl Loaded {
    pub(crate) fn state(&self) -> State<'_> {
        State { graph: &self.map, execution: &self.execution, visits: &self.visits, people: self.people.as_ref() }
    }

    /// Moves on what was read, and gives the visits that are due by it.
    pub(crate) fn follow(&mut self, changes: &Changes) -> Vec<StepExecution> {
        self.execution.clone_from(&changes.execution);
        for visit in &changes.visits {
            self.visits.retain(|known| known.id != visit.id);
            if !visit.status.is_done() {
                self.visits.push(visit.clone());
            }
        }
        if let Some((people, changed)) = self.people.as_mut().zip(changes.people.as_deref()) {
            people.take_over(changed);
            if let Some(graph) = &changed.graph {
                self.map = Map::new(graph.clone()).into();
            }
        }
        changes.ready().cloned().collect()
    }
}
