//! Writes that wait for the committer. Bounded, and workspaces are served in turn: one that writes as fast as it can fills its own
//! share and makes the others wait for one of its writes at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stepwell_core::WorkspaceId;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::commit::Job;
use crate::error::StoreError;

/// Who waits: a workspace, or the server itself.
pub(crate) type Lane = Option<WorkspaceId>;

/// How many writes may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Of all together.
    pub(crate) all: usize,
    /// Of one lane.
    pub(crate) lane: usize,
}

/// The queue of one committer.
pub(crate) struct Queue {
    state: Mutex<State>,
    bounds: Bounds,
    /// There is work, or there will be none any more.
    filled: Notify,
    /// Work was taken.
    room: Notify,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Lane, VecDeque<Box<dyn Job>>>,
    /// The lanes that have work, in the order in which they are served.
    turns: VecDeque<Lane>,
    length: usize,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { state: Mutex::default(), bounds, filled: Notify::new(), room: Notify::new() }
    }

    /// Adds a write; waits up to `patience` for room.
    pub(crate) async fn push(&self, lane: Lane, job: Box<dyn Job>, patience: Duration) -> Result<(), StoreError> {
        let Some(mut job) = self.try_push(lane, job)? else { return Ok(()) };
        let until = Instant::now() + patience;
        loop {
            let mut taken = std::pin::pin!(self.room.notified());
            // From here on nothing that is taken is missed.
            taken.as_mut().enable();
            job = match self.try_push(lane, job)? {
                Some(job) => job,
                None => return Ok(()),
            };
            if timeout_at(until, taken).await.is_err() {
                return Err(StoreError::Overloaded);
            }
        }
    }

    /// Adds a write, or gives it back if there is no room.
    fn try_push(&self, lane: Lane, job: Box<dyn Job>) -> Result<Option<Box<dyn Job>>, StoreError> {
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Closed);
        }
        let waiting = state.lanes.get(&lane).map_or(0, VecDeque::len);
        if state.length >= self.bounds.all || waiting >= self.bounds.lane {
            return Ok(Some(job));
        }
        state.push(lane, job);
        drop(state);
        self.filled.notify_one();
        Ok(None)
    }

    /// Waits for work and takes up to `most` writes, one of each lane in turn. None once the queue is closed and empty.
    pub(crate) async fn take(&self, most: usize) -> VecDeque<Box<dyn Job>> {
        loop {
            let (taken, closed) = {
                let mut state = self.state();
                let taken: VecDeque<_> = std::iter::from_fn(|| state.pop()).take(most).collect();
                (taken, state.closed)
            };
            if !taken.is_empty() {
                self.room.notify_waiters();
            }
            if closed || !taken.is_empty() {
                return taken;
            }
            self.filled.notified().await;
        }
    }

    /// Takes no more. What waits is still to be taken.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
        self.room.notify_waiters();
    }

    /// How much waits.
    pub(crate) fn length(&self) -> usize {
        self.state().length
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, lane: Lane, job: Box<dyn Job>) {
        let jobs = self.lanes.entry(lane).or_default();
        if jobs.is_empty() {
            self.turns.push_back(lane);
        }
        jobs.push_back(job);
        self.length += 1;
    }

    fn pop(&mut self) -> Option<Box<dyn Job>> {
        let lane = self.turns.pop_front()?;
        let jobs = self.lanes.get_mut(&lane)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.lanes.remove(&lane);
        } else {
            self.turns.push_back(lane);
        }
        self.length -= usize::from(job.is_some());
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::BoxFuture;
    use std::sync::Arc;
    use uuid::Uuid;

    use crate::conn::Conn;

    struct Idle;

    impl Job for Idle {
        fn is_abandoned(&self) -> bool {
            false
        }
        fn run<'j>(&'j mut self, _: &'j mut Conn, _: bool) -> BoxFuture<'j, bool> {
            Box::pin(async { true })
        }
        fn answer(self: Box<Self>, _: Result<(), Arc<sqlx::Error>>) {}
    }

    fn workspace(n: u128) -> Lane {
        Some(WorkspaceId(Uuid::from_u128(n)))
    }

    async fn push(queue: &Queue, lane: Lane) -> Result<(), StoreError> {
        queue.push(lane, Box::new(Idle), Duration::ZERO).await
    }

    #[tokio::test]
    async fn a_workspace_that_fills_its_share_leaves_room_for_the_others() {
        let queue = Queue::new(Bounds { all: 10, lane: 3 });
        for _ in 0..3 {
            push(&queue, workspace(1)).await.expect("room");
        }
        assert!(matches!(push(&queue, workspace(1)).await, Err(StoreError::Overloaded)));
        push(&queue, workspace(2)).await.expect("room of its own");
    }

    #[tokio::test]
    async fn the_first_write_of_a_workspace_comes_before_the_second_of_another() {
        let queue = Queue::new(Bounds { all: 10, lane: 10 });
        for lane in [1, 1, 1, 2] {
            push(&queue, workspace(lane)).await.expect("room");
        }
        assert_eq!(queue.take(2).await.len(), 2);
        let state = queue.state();
        assert_eq!(state.lanes.get(&workspace(1)).map(VecDeque::len), Some(2));
        assert!(!state.lanes.contains_key(&workspace(2)));
    }

    #[tokio::test]
    async fn a_write_that_waits_for_room_is_let_in_when_others_are_taken() {
        let queue = Arc::new(Queue::new(Bounds { all: 1, lane: 1 }));
        push(&queue, None).await.expect("room");
        let patient = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.push(None, Box::new(Idle), Duration::from_secs(60)).await }
        });
        assert_eq!(queue.take(1).await.len(), 1);
        patient.await.expect("task").expect("room");
        assert_eq!(queue.take(1).await.len(), 1);
    }

    #[tokio::test]
    async fn a_closed_queue_gives_what_waits_and_takes_no_more() {
        let queue = Queue::new(Bounds { all: 9, lane: 9 });
        push(&queue, None).await.expect("room");
        queue.close();
        assert!(matches!(push(&queue, None).await, Err(StoreError::Closed)));
        assert_eq!(queue.take(9).await.len(), 1);
        assert!(queue.take(9).await.is_empty());
    }
}
