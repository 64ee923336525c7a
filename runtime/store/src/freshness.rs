//! Whether a row is still as somebody saw it: counters that every write of it moves on.
//!
//! So what was read or written before may be used again without asking the database. Only where this process alone writes the
//! rows: other nodes move counters of their own. Rows share counters, by chance; then one looks changed that is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use uuid::Uuid;

/// Counters of each kind; a power of two.
const SLOTS: usize = 1 << 16;

/// How a row's counters stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    written: u32,
    /// Of what was read. Not of what a write has seen: that is committed after it.
    committed: Option<u32>,
}

/// The counters.
#[derive(Clone)]
pub(crate) struct Freshness(Arc<Counters>);

struct Counters {
    /// Moved on when a row is written.
    written: Box<[AtomicU32]>,
    /// Moved on when that is committed. A reader that began between the two has read what was before.
    committed: Box<[AtomicU32]>,
}

impl Freshness {
    pub(crate) fn new() -> Self {
        let counters = || std::iter::repeat_with(AtomicU32::default).take(SLOTS).collect();
        Self(Arc::new(Counters { written: counters(), committed: counters() }))
    }

    pub(crate) fn wrote(&self, id: Uuid) {
        self.0.written[slot(id)].fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn committed(&self, id: Uuid) {
        self.0.committed[slot(id)].fetch_add(1, Ordering::AcqRel);
    }

    /// As it is now, before a row is read.
    pub(crate) fn before_reading(&self, id: Uuid) -> Seen {
        let at = slot(id);
        // In this order: what is committed between the two looks must make a difference.
        let committed = Some(self.0.committed[at].load(Ordering::Acquire));
        Seen { written: self.0.written[at].load(Ordering::Acquire), committed }
    }

    /// As it is after what a write has done so far.
    pub(crate) fn in_write(&self, id: Uuid) -> Seen {
        Seen { written: self.0.written[slot(id)].load(Ordering::Acquire), committed: None }
    }

    pub(crate) fn holds(&self, id: Uuid, seen: Seen) -> bool {
        let at = slot(id);
        self.0.written[at].load(Ordering::Acquire) == seen.written
            && seen.committed.is_none_or(|committed| self.0.committed[at].load(Ordering::Acquire) == committed)
    }
}

/// Ids are random in their last bytes, also those that begin with a time.
fn slot(id: Uuid) -> usize {
    let [.., high, low] = id.into_bytes();
    usize::from(u16::from_be_bytes([high, low])) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Uuid = Uuid::from_u128(7);

    #[test]
    fn what_was_read_holds_until_the_row_is_written() {
        let freshness = Freshness::new();
        let seen = freshness.before_reading(ROW);
        assert!(freshness.holds(ROW, seen));
        freshness.wrote(Uuid::from_u128(8));
        assert!(freshness.holds(ROW, seen), "another row");
        freshness.wrote(ROW);
        assert!(!freshness.holds(ROW, seen));
    }

    #[test]
    fn what_was_read_while_a_write_was_not_committed_yet_does_not_outlive_the_commit() {
        let freshness = Freshness::new();
        freshness.wrote(ROW);
        let seen = freshness.before_reading(ROW);
        assert!(freshness.holds(ROW, seen));
        freshness.committed(ROW);
        assert!(!freshness.holds(ROW, seen));
    }

    #[test]
    fn what_a_write_knows_holds_over_its_own_commit_and_not_over_the_next_write_of_the_batch() {
        let freshness = Freshness::new();
        freshness.wrote(ROW);
        let first = freshness.in_write(ROW);
        freshness.wrote(ROW);
        let second = freshness.in_write(ROW);
        freshness.committed(ROW);
        freshness.committed(ROW);
        assert!(!freshness.holds(ROW, first));
        assert!(freshness.holds(ROW, second));
    }
}
