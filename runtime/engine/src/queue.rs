//! Work that is due, workspaces served in turn: one with a hundred thousand steps waits no longer or shorter than the rest.

use std::collections::{HashMap, HashSet, VecDeque};

use stepwell_core::{StepExecutionId, WorkspaceId};

use crate::step::Due;

fn key(due: &Due) -> (StepExecutionId, u32) {
    (due.visit.id, due.visit.run())
}

/// A bounded queue, fair between workspaces, that holds a run of a visit at most once.
#[derive(Debug)]
pub(crate) struct FairQueue {
    lanes: HashMap<WorkspaceId, VecDeque<Due>>,
    /// Workspaces that have work, in the order in which they are served.
    turns: VecDeque<WorkspaceId>,
    /// Runs of visits that are queued or under way. The next run of a visit is another one: a wait may end before the run that
    /// began it is forgotten here.
    known: HashSet<(StepExecutionId, u32)>,
    length: usize,
    limit: usize,
}

impl FairQueue {
    pub(crate) fn new(limit: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), known: HashSet::new(), length: 0, limit }
    }

    /// Adds work. `false` if there is no room: the work stays in the database and is found there later.
    pub(crate) fn push(&mut self, due: Due) -> bool {
        if self.known.contains(&key(&due)) {
            return true;
        }
        if self.length >= self.limit {
            return false;
        }
        self.push_anyway(due);
        true
    }

    /// Adds work for which there was [room](Self::room) when it was asked for.
    pub(crate) fn push_anyway(&mut self, due: Due) {
        if self.known.insert(key(&due)) {
            self.put(due);
        }
    }

    /// For how much there is room with the reserve that only [`push_anyway`](Self::push_anyway) uses: what waits in the database is
    /// not kept out for ever by what comes in. The reserve is small, since other nodes may be idle.
    pub(crate) fn room(&self) -> usize {
        let reserve = (self.limit / 4).max(1);
        self.limit.saturating_add(reserve).saturating_sub(self.length)
    }

    /// Puts work back that was taken and could not be done yet.
    pub(crate) fn put_back(&mut self, due: Due) {
        self.put(due);
    }

    fn put(&mut self, due: Due) {
        let lane = self.lanes.entry(due.visit.workspace_id).or_default();
        if lane.is_empty() {
            self.turns.push_back(due.visit.workspace_id);
        }
        lane.push_back(due);
        self.length += 1;
    }

    /// Takes the next piece of work of the workspace whose turn it is. It stays known until [`done`](Self::done).
    pub(crate) fn pop(&mut self) -> Option<Due> {
        let workspace = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&workspace)?;
        let due = lane.pop_front();
        if lane.is_empty() {
            self.lanes.remove(&workspace);
        } else {
            self.turns.push_back(workspace);
        }
        self.length -= usize::from(due.is_some());
        due
    }

    /// Forgets a run that was taken.
    pub(crate) fn done(&mut self, due: &Due) {
        self.known.remove(&key(due));
    }

    /// How much is queued.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Whether there is room for many more.
    pub(crate) fn is_half_empty(&self) -> bool {
        self.length * 2 <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::tests::due;

    fn taken(queue: &mut FairQueue) -> Vec<u128> {
        std::iter::from_fn(|| queue.pop()).map(|due| due.visit.workspace_id.0.as_u128()).collect()
    }

    #[test]
    fn workspaces_take_turns_whatever_they_have_queued() {
        let mut queue = FairQueue::new(100);
        for n in 0..3 {
            queue.push(due(1, n));
        }
        queue.push(due(2, 10));
        assert_eq!(taken(&mut queue), [1, 2, 1, 1]);
    }

    #[test]
    fn a_full_queue_refuses() {
        let mut queue = FairQueue::new(1);
        assert!(queue.push(due(1, 1)));
        assert!(!queue.push(due(1, 2)));
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn what_waits_in_the_database_has_room_that_new_work_does_not_take() {
        let mut queue = FairQueue::new(8);
        while queue.push(due(1, queue.len() as u128 + 1)) {}
        assert_eq!(queue.room(), 2);
        queue.push_anyway(due(1, 90));
        queue.push_anyway(due(1, 90));
        assert_eq!((queue.len(), queue.room()), (9, 1));
    }

    #[test]
    fn a_wait_that_ends_before_the_run_that_began_it_is_forgotten_is_taken_up() {
        let mut queue = FairQueue::new(10);
        queue.push(due(1, 1));
        queue.pop().expect("work");
        let mut woken = due(1, 1);
        woken.visit.resumes += 1;
        queue.push(woken);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_visit_is_held_once_until_it_is_done() {
        let mut queue = FairQueue::new(10);
        queue.push(due(1, 1));
        queue.push(due(1, 1));
        assert_eq!(queue.len(), 1);
        let taken = queue.pop().expect("work");
        queue.push(due(1, 1));
        assert_eq!(queue.len(), 0);
        queue.done(&taken);
        queue.push(due(1, 1));
        assert_eq!(queue.len(), 1);
    }
}
