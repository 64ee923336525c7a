//! Events: emit and count. Transactional: an emitted event is stored with the step's outcome, and only then starts executions
//! and ends waits.

use serde_json::Value;

#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::plugin::events as host;
pub use crate::bindings::stepwell::plugin::events::EventError;
use crate::export::text;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::events as host;
use crate::{Failure, Timestamp};

/// Emits an event of the execution's contact; `data` is an object.
pub fn emit(name: &str, data: &Value) -> Result<(), EventError> {
    host::emit(name, &text(data))
}

/// How many events of this name the execution's contact has, all or since a time.
pub fn count(name: &str, since: Option<Timestamp>) -> Result<u64, EventError> {
    host::count(name, since.map(Timestamp::millis))
}

impl From<EventError> for Failure {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Denied => Self::denied("stepwell:plugin/events"),
            EventError::Invalid(what) => Self::fatal("invalid-event", format!("the event is refused: {what}")),
            EventError::Unavailable => Self::unavailable("events"),
        }
    }
}
