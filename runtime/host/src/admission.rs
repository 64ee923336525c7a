//! Who may run now: fewer than the pool has room for, and no workspace more than its share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stepwell_core::WorkspaceId;

/// Counts the runs that are under way.
#[derive(Debug)]
pub(crate) struct Admission {
    at_once: u32,
    share: u32,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    all: u32,
    by_workspace: HashMap<WorkspaceId, u32>,
}

/// Room for one run, given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    admission: Arc<Admission>,
    workspace: WorkspaceId,
}

impl Admission {
    pub(crate) fn new(slots: u32, at_once: Option<u32>, share: Option<u32>) -> Arc<Self> {
        // What is left over serves describing and validating, which do not ask for room.
        let below = slots.saturating_sub((slots / 16).max(2));
        let at_once = at_once.unwrap_or(below).max(1);
        let share = share.unwrap_or(at_once - at_once / 4).clamp(1, at_once);
        Arc::new(Self { at_once, share, running: Mutex::default() })
    }

    /// Room for a run of the workspace, if there is any.
    pub(crate) fn enter(self: &Arc<Self>, workspace: WorkspaceId) -> Option<Room> {
        let mut running = self.running();
        if running.all >= self.at_once {
            return None;
        }
        let own = running.by_workspace.entry(workspace).or_default();
        if *own >= self.share {
            return None;
        }
        *own += 1;
        running.all += 1;
        Some(Room { admission: self.clone(), workspace })
    }

    fn leave(&self, workspace: WorkspaceId) {
        let mut running = self.running();
        running.all = running.all.saturating_sub(1);
        if let Some(own) = running.by_workspace.get_mut(&workspace) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                running.by_workspace.remove(&workspace);
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.admission.leave(self.workspace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const A: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
    const B: WorkspaceId = WorkspaceId(Uuid::from_u128(2));

    #[test]
    fn a_workspace_gets_its_share_and_leaves_the_rest_to_others() {
        let admission = Admission::new(100, Some(4), None);
        let held: Vec<_> = (0..3).filter_map(|_| admission.enter(A)).collect();
        assert_eq!(held.len(), 3);
        assert!(admission.enter(A).is_none(), "its share is used up");
        let last = admission.enter(B);
        assert!(last.is_some() && admission.enter(B).is_none(), "all is used up");
        drop(held);
        assert!(admission.enter(A).is_some());
    }

    #[test]
    fn there_is_always_room_for_one() {
        let admission = Admission::new(1, None, None);
        let room = admission.enter(A);
        assert!(room.is_some() && admission.enter(A).is_none());
    }

    #[test]
    fn workspaces_without_runs_are_forgotten() {
        let admission = Admission::new(100, None, None);
        drop(admission.enter(A));
        assert!(admission.running().by_workspace.is_empty());
    }
}
