//! What flows write to the entities they are about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A value that is written to entities when something happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowEntitySync)]
pub(crate) struct EntitySync {
    /// When.
    pub(crate) trigger: SyncTrigger,
    /// What.
    pub(crate) value: SyncValue,
    /// Where.
    pub(crate) target: AttributeTarget,
}

/// When a value is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSyncTrigger)]
pub(crate) struct SyncTrigger {
    /// What has to happen.
    pub(crate) event: SyncEvent,
    /// To what; none for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<SyncFilter>,
}

/// To what it has to happen. One of the two at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSyncFilter)]
#[serde(default)]
pub(crate) struct SyncFilter {
    /// The task, by its template id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) task_template_id: Option<String>,
    /// The phase, by its template id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phase_template_id: Option<String>,
}

/// What may happen to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSyncEvent)]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum SyncEvent {
    FlowStarted,
    FlowCompleted,
    FlowCancelled,
    FlowReopened,
    FlowDeleted,
    FlowAssigned,
    FlowDueDateChanged,
    FlowContextsChanged,
    TaskUpdated,
    CurrTaskChanged,
    TaskCompleted,
    TaskSkipped,
    TaskMarkedInProgress,
    TaskMarkedOnHold,
    PhaseUpdated,
    PhaseCompleted,
    PhaseSkipped,
    PhaseMarkedInProgress,
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSyncValue)]
pub(crate) struct SyncValue {
    /// Where it comes from.
    pub(crate) source: SyncSource,
    /// The value itself, for a custom one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// Where a written value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowSyncSource)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum SyncSource {
    WorkflowName,
    WorkflowStatus,
    WorkflowAssignedTo,
    TaskName,
    TaskStatus,
    TaskAssignedTo,
    PhaseName,
    PhaseStatus,
    PhaseAssignedTo,
    CustomValue,
}

/// An attribute of entities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FlowAttributeTarget)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttributeTarget {
    /// Of which schema.
    pub(crate) entity_schema: String,
    /// Which one.
    pub(crate) entity_attribute: String,
}
