//! What a plugin may import: one module for each interface. All read through `core::PluginData`; those that write buffer
//! effects, which are stored with the step's outcome.

pub(crate) mod branches;
pub(crate) mod connections;
mod contacts;
mod events;
pub(crate) mod keyvalue;
mod logging;
mod outbox;
mod runs;
mod templates;

use serde_json::{Map, Value};

use crate::bindings::stepwell::plugin::types;
use crate::state::Run;

impl types::Host for Run {}

/// Reads a JSON object, or nothing from `null`. The error is for the guest.
fn object(what: &str, text: &str, limit: usize) -> Result<Map<String, Value>, String> {
    if text.len() > limit {
        return Err(format!("{what}: {} bytes are too many, {limit} are allowed", text.len()));
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(format!("{what}: must be a JSON object or null")),
        Err(error) => Err(format!("{what}: is not JSON: {error}")),
    }
}

/// Refuses control characters, which could end a line in a message or a log.
fn one_line(what: &str, text: &str, most: usize) -> Result<(), String> {
    if text.chars().count() > most {
        return Err(format!("{what}: is longer than {most} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{what}: must not contain line breaks or other control characters"));
    }
    Ok(())
}
