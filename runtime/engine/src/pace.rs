//! How many steps run at once. As many as may while they wait for others, as webhooks do; fewer while they compute, for then more
//! of them get nothing done sooner, and everything else that is ready has to wait for all of them.
//!
//! Measured is by how much a short sleep takes longer than it should: that is what whatever becomes ready now has to wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Inner;

/// So many may always run. Measured on two cores: with 8, commits are small and a fifth less is done; with 64, others wait twice
/// as long, and no more is done.
pub(crate) const LEAST: usize = 16;

/// How often it is measured, while there is more than that to run.
const EACH: Duration = Duration::from_millis(10);

/// What is ready waits too long beyond this. A sleep is a millisecond or two late in any case.
const LATE: Duration = Duration::from_millis(5);
/// Below this there is room for more.
const SOON: Duration = Duration::from_millis(3);

/// So many late measurements, with no such row of good ones between, make it fewer: one may be anybody's.
const TOO_LATE: u32 = 2;
/// So many good ones in a row make it more.
const GOOD: u32 = 4;

/// The number, as the measurements have it.
#[derive(Debug)]
pub(crate) struct Pace {
    most: usize,
    now: usize,
    late: u32,
    good: u32,
}

impl Pace {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, now: most, late: 0, good: 0 }
    }

    /// How many steps may run at once.
    pub(crate) fn steps(&self) -> usize {
        self.now
    }

    /// Takes a measurement into account. `held_back`: more would run if they might.
    pub(crate) fn measured(&mut self, late_by: Duration, held_back: bool) {
        self.late += u32::from(late_by >= LATE);
        self.good = if late_by < SOON { self.good + 1 } else { 0 };
        if self.late >= TOO_LATE {
            (self.late, self.good) = (0, 0);
            self.now = (self.now * 3 / 4).max(LEAST).min(self.most);
        }
        if self.good >= GOOD {
            (self.late, self.good) = (0, 0);
            let more = if held_back { (self.most / 128).max(1) } else { 0 };
            self.now = (self.now + more).min(self.most);
        }
    }
}

/// Measures until the engine stops, while enough runs.
pub(crate) async fn run(inner: Arc<Inner>) {
    while !inner.stopping() {
        if !inner.dispatcher.is_busy() {
            inner.dispatcher.busy.notified().await;
        }
        let began = Instant::now();
        tokio::time::sleep(EACH).await;
        // Whoever a timer wakes is let in front; from here on it waits as everybody does.
        tokio::task::yield_now().await;
        inner.dispatcher.measured(began.elapsed().saturating_sub(EACH));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITS: Duration = Duration::from_millis(20);
    const IDLE: Duration = Duration::from_millis(1);

    #[test]
    fn steps_that_compute_are_fewer_and_those_that_wait_as_many_as_may() {
        let mut pace = Pace::new(256);
        for _ in 0..100 {
            pace.measured(WAITS, true);
        }
        assert_eq!(pace.steps(), LEAST);
        for _ in 0..1_000 {
            pace.measured(IDLE, true);
        }
        assert_eq!(pace.steps(), 256);
    }

    #[test]
    fn a_single_late_measurement_changes_nothing() {
        let mut pace = Pace::new(256);
        for _ in 0..100 {
            pace.measured(WAITS, true);
            (0..GOOD).for_each(|_| pace.measured(IDLE, true));
        }
        assert_eq!(pace.steps(), 256);
    }

    #[test]
    fn more_than_there_are_places_or_than_there_is_to_run_is_never_asked_for() {
        let mut pace = Pace::new(4);
        for _ in 0..10 {
            pace.measured(WAITS, true);
        }
        assert_eq!(pace.steps(), 4);
        let mut pace = Pace::new(256);
        (0..6).for_each(|_| pace.measured(WAITS, true));
        let before = pace.steps();
        (0..9).for_each(|_| pace.measured(IDLE, false));
        assert_eq!(pace.steps(), before);
    }
}
