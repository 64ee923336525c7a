//! The two things core may not do itself: read a clock and invent ids. The shell brings both.

use uuid::Uuid;

use crate::time::Timestamp;

/// Tells the time. The shell's implementation is the only place that reads the system clock.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// Makes new ids.
pub trait IdSource: Send + Sync {
    /// A new UUIDv7 for something that begins to exist at `now`.
    fn next(&self, now: Timestamp) -> Uuid;
}

/// What a pure function is given by the shell: the time and a source of ids.
pub struct Given<'a> {
    /// The time at which the decision is made.
    pub now: Timestamp,
    /// Where new ids come from.
    pub ids: &'a dyn IdSource,
}

impl<'a> Given<'a> {
    /// A decision made at `now`.
    pub fn new(now: Timestamp, ids: &'a dyn IdSource) -> Self {
        Self { now, ids }
    }

    /// A new id of any kind.
    pub fn id<T: From<Uuid>>(&self) -> T {
        self.ids.next(self.now).into()
    }
}

/// An [`IdSource`] for tests and simulations: the same seed gives the same ids.
#[derive(Debug, Default)]
pub struct SequentialIds(std::sync::atomic::AtomicU64);

impl IdSource for SequentialIds {
    fn next(&self, now: Timestamp) -> Uuid {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut tail = [0u8; 10];
        tail[2..].copy_from_slice(&n.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(now.0.unsigned_abs(), &tail).into_uuid()
    }
}
