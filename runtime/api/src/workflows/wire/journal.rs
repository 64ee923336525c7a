//! The journal of an execution on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::wire::Time;

/// Which entries.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JournalQuery {
    /// Only those behind this number.
    #[serde(default)]
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64, default = 0)]
    pub(crate) after: i64,
    /// How many at most.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub(crate) limit: u32,
}

fn usual_limit() -> u32 {
    100
}

/// What happened to an execution, in order and without gaps.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Journal {
    /// The entries.
    pub(crate) entries: Vec<JournalEntry>,
    /// Whether there are more behind the last of them.
    pub(crate) has_more: bool,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JournalEntry {
    /// 1 for the first entry, one more for each next.
    pub(crate) number: i64,
    /// When.
    pub(crate) at: Time,
    /// What.
    #[schema(example = "step-completed")]
    pub(crate) kind: &'static str,
    /// On which step.
    pub(crate) step_id: Option<Uuid>,
    /// On which visit.
    pub(crate) step_execution_id: Option<Uuid>,
    /// More, by kind.
    #[schema(value_type = Option<crate::wire::JsonObject>)]
    pub(crate) data: Value,
}
