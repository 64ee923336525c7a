//! What the step leaves behind, and shows while it waits.

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_plugin::Timestamp;

/// The conditions, each with whether it is met.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    /// In the order of the configuration.
    pub(crate) conditions: Vec<Evaluated>,
    /// When they were evaluated.
    pub(crate) evaluated_at: Timestamp,
}

/// One condition.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Evaluated {
    /// Its id.
    pub(crate) id: String,
    /// Whether it is met.
    pub(crate) met: bool,
}
