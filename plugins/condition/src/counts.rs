//! Counting events through the host, for rules that cannot fail: an error is kept until the rule is decided.

use std::cell::{Cell, RefCell};

use stepwell_plugin::{Failure, Timestamp, events};

#[derive(Default)]
pub(crate) struct Counts {
    last: Cell<u64>,
    failure: RefCell<Option<Failure>>,
}

impl Counts {
    /// How many events of this name the contact has, all or since a time in UTC milliseconds.
    pub(crate) fn count(&self, name: &str, since: Option<i64>) -> u64 {
        let since = since.map(|millis| Timestamp::from_millis(u64::try_from(millis).unwrap_or_default()));
        match events::count(name, since) {
            Ok(count) => self.last.set(count),
            Err(error) => *self.failure.borrow_mut() = Some(error.into()),
        }
        self.last.get()
    }

    /// The last answer.
    pub(crate) fn last(&self) -> u64 {
        self.last.get()
    }

    /// The failure, if the host could not count.
    pub(crate) fn failure(&self) -> Result<(), Failure> {
        self.failure.take().map_or(Ok(()), Err)
    }
}
