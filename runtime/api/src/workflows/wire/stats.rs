//! Counters on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which counters.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// Only those of this version; without it the sums over all versions, for the steps of the newest.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    pub(crate) version: Option<u32>,
}

/// How often what happened at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Counts {
    /// Visits begun.
    pub(crate) entered: u64,
    /// Visits completed.
    pub(crate) completed: u64,
    /// Visits failed for good.
    pub(crate) failed: u64,
    /// Visits given up because their execution ended.
    pub(crate) skipped: u64,
    /// Messages that the mail server took.
    pub(crate) sent: u64,
    /// Messages opened at least once.
    pub(crate) opened: u64,
    /// Messages with at least one click.
    pub(crate) clicked: u64,
    /// Messages refused for good.
    pub(crate) bounced: u64,
}

/// What happened at a step in one version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionCounts {
    /// The version of the graph.
    pub(crate) version: u32,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// What happened at a step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepStats {
    /// Which step.
    pub(crate) step_id: Uuid,
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) step_type: String,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// The same by version, newest first; at most 20 versions.
    pub(crate) versions: Vec<VersionCounts>,
}

/// What happened at the steps of a workflow. Counted when it happens, and kept when executions are pruned.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkflowStats {
    /// Which workflow.
    pub(crate) workflow_id: Uuid,
    /// The version whose steps are listed.
    pub(crate) version: u32,
    /// The steps, oldest first.
    pub(crate) steps: Vec<StepStats>,
}
