//! The fake of `stepwell:plugin/events`.

use super::state::{Effect, with};
use crate::Timestamp;
use crate::bindings::stepwell::plugin::events::EventError;
use crate::export::value;

pub(crate) fn emit(name: &str, data: &str) -> Result<(), EventError> {
    with(|state| {
        if state.denies("events") {
            return Err(EventError::Denied);
        }
        state.effects.push(Effect::EmitEvent(name.to_owned(), value(data)));
        Ok(())
    })
}

pub(crate) fn count(name: &str, since: Option<u64>) -> Result<u64, EventError> {
    let since = Timestamp::from_millis(since.unwrap_or_default());
    with(|state| {
        if state.denies("events") {
            return Err(EventError::Denied);
        }
        let counted = state.events.iter().filter(|(known, time)| known == name && *time >= since).count();
        Ok(u64::try_from(counted).unwrap_or(u64::MAX))
    })
}
