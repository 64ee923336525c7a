//! The fake of `wasi:logging`.

use super::state::with;
use crate::bindings::wasi::logging::logging::Level;

pub(crate) fn log(_: Level, _: &str, message: &str) {
    with(|state| state.log.push(message.to_owned()));
}
