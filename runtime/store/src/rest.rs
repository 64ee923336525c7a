//! How long the committer rests between two transactions.
//!
//! A transaction costs as much as several of the writes in it. Under load the committer would begin the next one at once, with the
//! few writes that came meanwhile; if it lets them gather, it needs fewer transactions, and the processor is left to those who bring
//! the writes. Whoever writes alone waits for nobody.

use std::time::Duration;

/// So many writes in a transaction are load.
const MANY: usize = 8;

/// So many that wait are enough for the next transaction.
const ENOUGH: usize = 64;

/// The longest rest.
const LONGEST: Duration = Duration::from_millis(1);

/// How long to rest behind a transaction of so many writes that took so long, while so many others wait.
pub(crate) fn after(writes: usize, took: Duration, waiting: usize) -> Duration {
    if writes < MANY || waiting >= ENOUGH { Duration::ZERO } else { took.min(LONGEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: Duration = Duration::from_micros(400);

    #[test]
    fn a_write_that_comes_alone_waits_for_nobody() {
        assert_eq!(after(1, TOOK, 0), Duration::ZERO);
        assert_eq!(after(MANY - 1, TOOK, 3), Duration::ZERO);
    }

    #[test]
    fn under_load_writes_gather_for_as_long_as_a_transaction_takes_and_no_longer_than_a_millisecond() {
        assert_eq!(after(MANY, TOOK, 3), TOOK);
        assert_eq!(after(MANY, Duration::from_secs(1), 3), LONGEST);
    }

    #[test]
    fn a_full_transaction_waits_for_no_more() {
        assert_eq!(after(MANY, TOOK, ENOUGH), Duration::ZERO);
    }
}
