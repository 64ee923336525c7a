//! Storage stays bounded while work never stops: the whole engine and the whole store, with steps that cost nothing.
//!
//! `STEPWELL_FULL=1` runs 200,000 executions in place of 20,000.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use stepwell_core::{DefinitionId, ExecutionStatus, Outcome, Reentry, StepReport};
use stepwell_store::prune;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bench::{Bench, completed};

/// How many ended executions are kept.
const KEPT: u64 = 2_000;
/// Events under way at once.
const LANES: u64 = 32;
/// Executions under way at once.
const UNDER_WAY: usize = 200;
/// Contacts, who enter again and again.
const CONTACTS: u64 = 100;
/// How often the size at the bound a file may have: what has ended since the last look is still in it.
const GROWTH: u64 = 4;
/// The most of the log beside the file.
const LOG: u64 = 64 * 1024 * 1024;

fn runs() -> u64 {
    if std::env::var_os("STEPWELL_FULL").is_some_and(|value| value != "0") { 200_000 } else { 20_000 }
}

impl Bench {
    /// Tracks so many events, each a millisecond after the one before. `room`: as many executions may be under way.
    async fn track_many(self: &Arc<Self>, events: u64, room: &Arc<Semaphore>) {
        let next = Arc::new(AtomicU64::new(0));
        let mut lanes = JoinSet::new();
        for _ in 0..LANES {
            let (bench, next, room) = (Arc::clone(self), Arc::clone(&next), Arc::clone(room));
            lanes.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= events {
                        return;
                    }
                    room.acquire().await.expect("open").forget();
                    bench.advance_clock(Duration::from_millis(1));
                    let email = format!("c{}@example.org", number % CONTACTS);
                    bench.track("signed_up", &email, json!({ "plan": "pro", "number": number })).await;
                    bench.forget_requests();
                }
            });
        }
        lanes.join_all().await;
    }

    async fn ended(&self) -> u64 {
        let mut conn = self.engine.store().reader().await.expect("a reader");
        prune::ended(&mut conn, self.workspace).await.expect("a count")
    }

    /// Waits until nothing runs any more and no more is kept than may be.
    async fn until_calm(&self, id: DefinitionId) {
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let counts = (self.count(id, ExecutionStatus::Running).await, self.ended().await);
            if counts == (0, KEPT) {
                return;
            }
            assert!(Instant::now() < end, "running, ended: {counts:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_ended(&self, executions: u64) {
        let end = Instant::now() + Duration::from_secs(120);
        while self.ended().await < executions {
            assert!(Instant::now() < end, "{} executions have ended", self.ended().await);
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Bytes of the file and of its log.
fn size(file: &Path) -> (u64, u64) {
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    (bytes(file), bytes(&PathBuf::from(format!("{}-wal", file.display()))))
}

/// Looks at the sizes until it is stopped, and gives the largest.
async fn watch(file: PathBuf, stop: Arc<AtomicU64>) -> (u64, u64) {
    let mut largest = (0, 0);
    while stop.load(Ordering::Relaxed) == 0 {
        let now = size(&file);
        largest = (now.0.max(largest.0), now.1.max(largest.1));
        sleep(Duration::from_millis(10)).await;
    }
    largest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_under_a_bound_on_executions_does_not_grow_however_many_there_are() {
    let bench = Bench::new().await;
    bench.keep(None, Some(KEPT)).await;
    bench.answer("inside-check", |_| StepReport::of(completed(json!({ "met": true }))));
    let room = Arc::new(Semaphore::new(UNDER_WAY));
    let ends = Arc::clone(&room);
    bench.answer("inside-end", move |_| {
        ends.add_permits(1);
        StepReport::of(Outcome::Exited { reason: None })
    });
    let bench = Arc::new(bench.run().await);
    let id = bench.define(&["inside-check", "inside-mark", "inside-end"], Reentry::Always).await;
    let file = PathBuf::from(bench.url().trim_start_matches("sqlite://"));
    // So large is a file of which nothing was deleted yet.
    bench.track_many(KEPT, &room).await;
    bench.until_ended(KEPT).await;
    let (at_bound, _) = size(&file);

    let stop = Arc::<AtomicU64>::default();
    let watch = tokio::spawn(watch(file, Arc::clone(&stop)));
    let began = Instant::now();
    bench.track_many(runs() - KEPT, &room).await;
    let took = began.elapsed();
    bench.until_calm(id).await;
    stop.store(1, Ordering::Relaxed);
    let (largest, log) = watch.await.expect("the sizes");

    let kib = [at_bound, largest, log].map(|bytes| bytes / 1024);
    println!(
        "{} executions, {KEPT} kept, the others in {took:?}; KiB at the bound, at most, of the log: {kib:?}",
        runs()
    );
    assert!(largest <= at_bound * GROWTH, "{at_bound} bytes grew to {largest}");
    assert!(log <= LOG, "{log} bytes of log");
}
