//! The only places of the server that read the system clock and make random ids.

use stepwell_core::{Clock, IdSource, Timestamp};
use uuid::Uuid;

/// The system clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the shell's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
    }
}

/// UUIDv7 with the operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn next(&self, now: Timestamp) -> Uuid {
        let mut tail = [0u8; 10];
        rand::fill(&mut tail);
        uuid::Builder::from_unix_timestamp_millis(now.0.unsigned_abs(), &tail).into_uuid()
    }
}
