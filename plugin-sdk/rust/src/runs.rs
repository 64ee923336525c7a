//! Runs: start workflows and single steps on this server, and look at how they stand. Transactional: what was started begins once
//! the step's outcome is stored, and not at all if the step fails.

use serde_json::Value;

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::plugin::runs as host;
pub use crate::bindings::stepwell::plugin::runs::{LookError, StartError};
use crate::export::{text, value};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::runs as host;

/// The event that resumes a step when something it started has ended. Its data are what [`look`] answers.
pub const ENDED: &str = "child.ended";

/// Starts an execution of a workflow, by its id, or of one step of an installed type, by its name; answers with the execution's id.
///
/// `input` is an object: what a workflow sees as `event.*`; for a step type `{config, event}`.
pub fn start(what: &str, input: &Value) -> Result<String, StartError> {
    host::start(what, &text(input))
}

/// How an execution stands that this one started: `{executionId, status, output, reason}`, the status being `in_progress`, `success`,
/// `failed` or `cancelled`.
pub fn look(id: &str) -> Result<Value, LookError> {
    host::look(id).map(|standing| value(&standing))
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Unknown => Self::fatal("unknown-run", "nothing of this name can be started on this server"),
            StartError::Denied => Self::denied("stepwell:plugin/runs"),
            StartError::TooDeep => {
                Self::fatal("too-deep", "too many executions started one another to come here; look for a circle")
            }
            StartError::Invalid(what) => Self::fatal("invalid-run", format!("it cannot be started: {what}")),
            StartError::Unavailable => Self::unavailable("workflows"),
        }
    }
}

impl From<LookError> for Failure {
    fn from(error: LookError) -> Self {
        match error {
            LookError::NotFound => Self::fatal("no-run", "this execution started nothing of this id"),
            LookError::Denied => Self::denied("stepwell:plugin/runs"),
            LookError::Unavailable => Self::unavailable("executions"),
        }
    }
}
