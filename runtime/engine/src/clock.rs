//! The only places of the server that read the system clock and make random ids.

use std::sync::Mutex;

use stepwell_core::{Clock, IdSource, Timestamp};
use uuid::{ContextV7, Uuid};

/// The system clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the shell's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
    }
}

/// UUIDv7 with the operating system's randomness. Ids of one process are ordered as they were made, also within a millisecond
/// (RFC 9562, 6.2): rows that one commit writes are listed in that order.
#[derive(Debug, Default)]
pub struct RandomIds(Mutex<ContextV7>);

impl IdSource for RandomIds {
    #[allow(clippy::disallowed_methods, reason = "this is the shell's source of ids")]
    fn next(&self, now: Timestamp) -> Uuid {
        let millis = now.0.unsigned_abs();
        let nanos = u32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(&self.0, millis / 1_000, nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_are_in_the_order_in_which_they_were_made() {
        let ids = RandomIds::default();
        let made: Vec<_> = (0..1_000).map(|_| ids.next(Timestamp(1_800_000_000_000))).collect();
        assert!(made.is_sorted() && made[0] != made[999]);
    }

    #[test]
    fn an_id_begins_with_its_time() {
        let id = RandomIds::default().next(Timestamp(1_800_000_000_123));
        let time = id.get_timestamp().map(|time| time.to_unix());
        assert_eq!(time.map(|(seconds, nanos)| (seconds, nanos / 1_000_000)), Some((1_800_000_000, 123)));
    }
}
