//! Versions of a workflow's graph on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::step::DetailedStep;
use crate::wire::Time;

/// A version of a workflow's graph. It never changes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    /// Its number.
    pub(crate) version: u32,
    /// Whether new executions start on it.
    pub(crate) current: bool,
    /// When it was saved.
    pub(crate) created_at: Time,
}

/// A version of a workflow's graph with its steps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionDetail {
    #[serde(flatten)]
    pub(crate) version: Version,
    /// The steps, oldest first, each with its transitions.
    pub(crate) steps: Vec<DetailedStep>,
}
