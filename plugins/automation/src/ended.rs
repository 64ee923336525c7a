//! How something that was started has ended.

use serde_json::{Value, json};
use stepwell_plugin::{Failure, Outcome};

/// The end of a run.
pub(crate) enum Ended {
    /// It did what it should; what it came to.
    Success(Value),
    /// It failed, for a reason in words.
    Failed(String),
    /// Somebody stopped it.
    Cancelled,
}

impl Ended {
    /// Reads how a run stands (`stepwell:plugin/runs`); none while it goes on.
    pub(crate) fn read(standing: &Value) -> Option<Self> {
        match standing["status"].as_str()? {
            "success" => Some(Self::Success(standing["output"].clone())),
            "failed" => Some(Self::Failed(standing["reason"].as_str().unwrap_or("it failed").to_owned())),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// What that means for the step: what was stopped counts as skipped.
    pub(crate) fn outcome(self) -> Result<Outcome, Failure> {
        match self {
            Self::Success(output) => Ok(Outcome::completed(output)),
            Self::Failed(reason) => {
                Err(Failure::fatal("automation-failed", format!("the automation has failed: {reason}")))
            }
            Self::Cancelled => Ok(Outcome::completed(json!({ "skipped": true }))),
        }
    }
}
