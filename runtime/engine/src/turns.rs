//! Turns of those who act on one execution at the same time: whoever was too late once waits for the others, so that a crowd is served
//! one by one, in place of most of them being too late again and again.

use stepwell_core::ExecutionId;
use tokio::sync::{Mutex, MutexGuard};

/// How many executions can be taken turns on apart from each other. Those that share a place only wait a little longer.
const PLACES: usize = 64;

/// The turns of all executions.
pub(crate) struct Turns([Mutex<()>; PLACES]);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }

    /// Waits for a turn, in the order of asking. It lasts as long as what is given back. Nobody may wait for a second one meanwhile.
    pub(crate) async fn of(&self, id: ExecutionId) -> Option<MutexGuard<'_, ()>> {
        let place = id.0.as_u128() % PLACES as u128;
        Some(self.0.get(usize::try_from(place).ok()?)?.lock().await)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn turns_of_one_execution_come_one_after_the_other_and_those_of_others_beside_them() {
        let turns = Turns::new();
        let id = |number| ExecutionId(Uuid::from_u128(number));
        let first = turns.of(id(7)).await.expect("a turn");
        let second = turns.of(id(7));
        tokio::pin!(second);
        assert!(second.as_mut().now_or_never().is_none());
        assert!(turns.of(id(8)).now_or_never().is_some());
        drop(first);
        assert!(second.await.is_some());
    }
}
