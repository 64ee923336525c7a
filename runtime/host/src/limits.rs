//! What one run may use: memory, tables and time in guest code. Output, log and requests are bounded where they are made.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, Result, UpdateDeadline};

use crate::engine::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLES, TICK};

/// Why the host ended a run. It travels through wasmtime as the cause of a trap.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("more than {limit} bytes of memory")]
    Memory { limit: usize },
    #[error("the memory for all runs together is used up")]
    Crowded,
    #[error("more than {limit} elements in tables")]
    Tables { limit: usize },
    #[error("{import} is not granted")]
    Denied { import: &'static str },
    #[error("the database did not answer")]
    Unavailable,
}

/// The linear memory that all runs may have together.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    left: AtomicUsize,
}

impl MemoryBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { left: AtomicUsize::new(bytes) }
    }

    fn take(&self, bytes: usize) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Bounds the memories and tables of one run, all together, and takes its memory from the budget of all runs.
///
/// It answers with an error and not with `false`, after which `memory.grow` would answer -1 and the guest would end in a trap
/// that does not say why.
#[derive(Debug)]
pub(crate) struct Limiter {
    budget: Arc<MemoryBudget>,
    memory: usize,
    memory_limit: usize,
    elements: usize,
    elements_limit: usize,
}

impl Limiter {
    pub(crate) fn new(budget: Arc<MemoryBudget>, memory_limit: usize, elements_limit: usize) -> Self {
        Self { budget, memory: 0, memory_limit, elements: 0, elements_limit }
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.budget.give_back(self.memory);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let wanted = self.memory.saturating_add(desired.saturating_sub(current));
        if wanted > self.memory_limit {
            return Err(Stop::Memory { limit: self.memory_limit }.into());
        }
        let possible = maximum.is_none_or(|maximum| desired <= maximum);
        if possible && !self.budget.take(wanted - self.memory) {
            return Err(Stop::Crowded.into());
        }
        if possible {
            self.memory = wanted;
        }
        Ok(possible)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let wanted = self.elements.saturating_add(desired.saturating_sub(current));
        if wanted > self.elements_limit {
            return Err(Stop::Tables { limit: self.elements_limit }.into());
        }
        let possible = maximum.is_none_or(|maximum| desired <= maximum);
        if possible {
            self.elements = wanted;
        }
        Ok(possible)
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES as usize
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES as usize
    }

    fn tables(&self) -> usize {
        MAX_TABLES as usize
    }
}

/// Measures the time a run keeps a thread busy. Waiting in the host costs nothing, because the future is not polled then.
///
/// A stretch counts a tick at most: guest code gives the thread back at each tick, so a longer one means that the machine was
/// busy with something else.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    base: Instant,
    began: AtomicU64,
    spent: AtomicU64,
    budget: u64,
}

impl CpuMeter {
    pub(crate) fn new(budget_ms: u64) -> Arc<Self> {
        let budget = Duration::from_millis(budget_ms);
        Arc::new(Self {
            base: Instant::now(),
            began: AtomicU64::new(0),
            spent: AtomicU64::new(0),
            budget: nanoseconds(budget),
        })
    }

    /// What is asked at each tick: give other tasks a turn, or end the run.
    pub(crate) fn at_tick(&self) -> UpdateDeadline {
        if self.spent.load(Ordering::Relaxed) + self.stretch() >= self.budget {
            return UpdateDeadline::Interrupt;
        }
        UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
    }

    /// Runs `future` and measures it.
    pub(crate) async fn measure<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(move |context| {
            self.began.store(self.elapsed(), Ordering::Relaxed);
            let polled = future.as_mut().poll(context);
            self.spent.fetch_add(self.stretch(), Ordering::Relaxed);
            polled
        })
        .await
    }

    pub(crate) fn spent_ms(&self) -> u64 {
        self.spent.load(Ordering::Relaxed) / 1_000_000
    }

    fn stretch(&self) -> u64 {
        self.elapsed().saturating_sub(self.began.load(Ordering::Relaxed)).min(nanoseconds(TICK))
    }

    fn elapsed(&self) -> u64 {
        nanoseconds(self.base.elapsed())
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Limiter {
        Limiter::new(Arc::new(MemoryBudget::new(1_000)), 100, 10)
    }

    #[test]
    fn all_runs_share_a_budget_and_a_run_that_ends_gives_its_part_back() {
        let budget = Arc::new(MemoryBudget::new(150));
        let run = || Limiter::new(budget.clone(), 100, 10);
        let (mut first, mut second) = (run(), run());
        assert!(first.memory_growing(0, 100, None).expect("room"));
        let error = second.memory_growing(0, 60, None).expect_err("no room");
        assert!(matches!(error.downcast_ref::<Stop>(), Some(Stop::Crowded)));
        drop(first);
        assert!(second.memory_growing(0, 60, None).expect("room again"));
    }

    #[test]
    fn memories_count_together() {
        let mut limiter = limiter();
        assert!(limiter.memory_growing(0, 60, None).expect("within the limit"));
        assert!(limiter.memory_growing(0, 40, None).expect("just the limit"));
        let error = limiter.memory_growing(40, 41, None).expect_err("past the limit");
        assert!(matches!(error.downcast_ref::<Stop>(), Some(Stop::Memory { limit: 100 })));
    }

    #[test]
    fn growing_past_a_memory_s_own_maximum_fails_in_the_guest_and_costs_nothing() {
        let mut limiter = limiter();
        assert!(!limiter.memory_growing(0, 60, Some(50)).expect("within the limit"));
        assert!(limiter.memory_growing(0, 100, None).expect("nothing was counted"));
    }

    #[test]
    fn tables_are_bounded_as_well() {
        let error = limiter().table_growing(0, 11, None).expect_err("past the limit");
        assert!(matches!(error.downcast_ref::<Stop>(), Some(Stop::Tables { limit: 10 })));
    }

    #[tokio::test]
    async fn waiting_costs_no_time_and_a_stretch_counts_a_tick_at_most() {
        let meter = CpuMeter::new(500);
        meter.measure(tokio::time::sleep(Duration::from_millis(30))).await;
        assert!(meter.spent_ms() < 10, "{}", meter.spent_ms());
        assert!(matches!(meter.at_tick(), UpdateDeadline::YieldCustom(1, _)));
    }

    #[tokio::test]
    async fn a_spent_budget_ends_the_run() {
        let meter = CpuMeter::new(0);
        meter.measure(async {}).await;
        assert!(matches!(meter.at_tick(), UpdateDeadline::Interrupt));
    }
}
