//! Following an execution live: who follows hears when its journal may have grown, and reads the rest from the database.
//!
//! What this node commits is told at once; what other nodes commit is found by looking again each second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stepwell_core::{ExecutionId, WorkspaceId};
use stepwell_store::Watch;
use tokio::sync::watch;

use crate::engine::Engine;
use crate::error::EngineError;

/// How many may follow at once on this node: each holds a connection and reads from the database.
const MOST: usize = 512;

/// How many of them in one workspace.
const MOST_OF_WORKSPACE: usize = 64;

/// How long another node's commit may go unnoticed.
const LOOK: Duration = Duration::from_secs(1);

/// How long to wait where no other node writes: only in case something was missed.
const LOOK_ALONE: Duration = Duration::from_secs(60);

/// Who follows.
pub(crate) struct Live {
    places: Arc<Mutex<Places>>,
    stopped: watch::Sender<bool>,
}

#[derive(Default)]
struct Places {
    all: usize,
    of: HashMap<WorkspaceId, usize>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { places: Arc::default(), stopped: watch::channel(false).0 }
    }

    /// Ends all following.
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    fn enter(&self, workspace: WorkspaceId) -> Option<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let own = places.of.get(&workspace).copied().unwrap_or_default();
        if places.all >= MOST || own >= MOST_OF_WORKSPACE {
            return None;
        }
        places.all += 1;
        places.of.insert(workspace, own + 1);
        Some(Place { workspace, places: Arc::clone(&self.places) })
    }
}

/// One of the places, until it is dropped.
struct Place {
    workspace: WorkspaceId,
    places: Arc<Mutex<Places>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.all -= 1;
        if let Some(own) = places.of.get_mut(&self.workspace) {
            *own -= 1;
            if *own == 0 {
                places.of.remove(&self.workspace);
            }
        }
    }
}

/// Somebody who follows an execution. Read the journal once it is made and after each [`next`](Self::next): then nothing is missed.
pub struct Follower {
    watch: Watch,
    stopped: watch::Receiver<bool>,
    look: Duration,
    _place: Place,
}

impl Follower {
    /// Returns true when the journal may have grown since the last call, false when the engine stops.
    pub async fn next(&mut self) -> bool {
        let committed = tokio::time::timeout(self.look, self.watch.committed());
        tokio::select! {
            biased;
            // The other side ends with the engine: that is a stop as well.
            _ = self.stopped.wait_for(|stopped| *stopped) => false,
            _ = committed => true,
        }
    }
}

impl Engine {
    /// Follows an execution of a workspace, whether or not there is one. Refuses when too many follow already.
    pub fn follow(&self, workspace: WorkspaceId, execution: ExecutionId) -> Result<Follower, EngineError> {
        let inner = &self.0;
        let place = inner.live.enter(workspace).ok_or(EngineError::TooManyFollow)?;
        let look = if inner.store.is_shared() { LOOK } else { LOOK_ALONE };
        let (watch, stopped) = (inner.store.watch(execution.0), inner.live.stopped.subscribe());
        Ok(Follower { watch, stopped, look, _place: place })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn workspace(number: usize) -> WorkspaceId {
        WorkspaceId(Uuid::from_u128(number as u128))
    }

    #[test]
    fn a_workspace_has_so_many_places_and_leaves_those_of_others() {
        let live = Live::new();
        let mut held: Vec<_> = (0..MOST_OF_WORKSPACE).map(|_| live.enter(workspace(1)).expect("a place")).collect();
        assert!(live.enter(workspace(1)).is_none());
        assert!(live.enter(workspace(2)).is_some());
        drop(held.pop());
        assert!(live.enter(workspace(1)).is_some(), "a place that was given up is free");
    }

    #[test]
    fn all_workspaces_together_have_so_many_places() {
        let live = Live::new();
        let held: Vec<_> = (0..MOST).map(|number| live.enter(workspace(number)).expect("a place")).collect();
        assert!(live.enter(workspace(MOST)).is_none());
        drop(held);
        assert!(live.places.lock().expect("places").of.is_empty(), "nothing of it is kept");
        assert!(live.enter(workspace(MOST)).is_some());
    }
}
