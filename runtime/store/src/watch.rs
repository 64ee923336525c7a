//! Who waits for a row to be written by this process: told after the commit, so that what was written can be read.
//!
//! Other nodes' writes are not heard of here; whoever waits looks again by itself now and then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

/// The rows that somebody waits for.
#[derive(Clone, Default)]
pub(crate) struct Watches(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// How many wait. While nobody does, a commit pays for one look at this.
    count: AtomicUsize,
    rows: Mutex<HashMap<Uuid, watch::Sender<()>>>,
}

impl Inner {
    fn rows(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<()>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watches {
    /// Waits from now on: what is committed after this is told, also if it was written before.
    pub(crate) fn begin(&self, id: Uuid) -> Watch {
        let mut rows = self.0.rows();
        self.0.count.fetch_add(1, Ordering::SeqCst);
        let told = rows.entry(id).or_insert_with(|| watch::channel(()).0).subscribe();
        Watch { id, told, watches: self.clone() }
    }

    pub(crate) fn committed(&self, id: Uuid) {
        if self.0.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some(row) = self.0.rows().get(&id) {
            row.send_replace(());
        }
    }
}

/// Somebody who waits for a row.
pub struct Watch {
    id: Uuid,
    told: watch::Receiver<()>,
    watches: Watches,
}

impl Watch {
    /// Returns when this process has committed a write of the row since the last call, or since this was made. Several
    /// writes may be told as one.
    pub async fn committed(&mut self) {
        // The other side is kept as long as this is.
        let _ = self.told.changed().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut rows = self.watches.0.rows();
        self.watches.0.count.fetch_sub(1, Ordering::SeqCst);
        // This one is still counted.
        if rows.get(&self.id).is_some_and(|row| row.receiver_count() <= 1) {
            rows.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const ROW: Uuid = Uuid::from_u128(7);

    #[test]
    fn what_was_committed_is_told_once_to_each_who_waits() {
        let watches = Watches::default();
        let (mut one, mut other) = (watches.begin(ROW), watches.begin(ROW));
        assert!(one.committed().now_or_never().is_none(), "nothing was committed yet");
        watches.committed(ROW);
        watches.committed(ROW);
        assert!(one.committed().now_or_never().is_some() && other.committed().now_or_never().is_some());
        assert!(one.committed().now_or_never().is_none(), "both were told as one");
    }

    #[test]
    fn another_row_is_not_told() {
        let watches = Watches::default();
        let mut watch = watches.begin(ROW);
        watches.committed(Uuid::from_u128(8));
        assert!(watch.committed().now_or_never().is_none());
    }

    #[test]
    fn a_row_for_which_nobody_waits_any_more_is_forgotten() {
        let watches = Watches::default();
        let (one, mut other) = (watches.begin(ROW), watches.begin(ROW));
        drop(one);
        watches.committed(ROW);
        assert!(other.committed().now_or_never().is_some());
        drop(other);
        assert!(watches.0.rows().is_empty());
        assert_eq!(watches.0.count.load(Ordering::SeqCst), 0);
    }
}
