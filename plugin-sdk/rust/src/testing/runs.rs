//! The fake of `stepwell:plugin/runs`.

use super::state::{Effect, with};
use crate::bindings::stepwell::plugin::runs::{LookError, StartError};
use crate::export::value;

pub(crate) fn start(what: &str, input: &str) -> Result<String, StartError> {
    with(|state| {
        if state.denies("runs") {
            return Err(StartError::Denied);
        }
        if !state.startable.contains(what) {
            return Err(StartError::Unknown);
        }
        let started = |effect: &&Effect| matches!(effect, Effect::StartRun(..));
        let id = format!("run-{}", state.effects.iter().filter(started).count() + 1);
        state.effects.push(Effect::StartRun(what.to_owned(), value(input)));
        Ok(id)
    })
}

pub(crate) fn look(id: &str) -> Result<String, LookError> {
    with(|state| {
        if state.denies("runs") {
            return Err(LookError::Denied);
        }
        state.runs.get(id).map(ToString::to_string).ok_or(LookError::NotFound)
    })
}
