//! How large a template may be, whatever it asks for: what it is checked with and kept in memory with grows with it.

use crate::error::ApiError;
use crate::extract::fits;
use crate::flows::wire::template::FlowTemplate;

/// The most tasks of a flow, those included that are added while it runs.
const MAX_TASKS: usize = 1_000;
/// The most edges.
const MAX_EDGES: usize = 4_000;
/// The most phases.
const MAX_PHASES: usize = 100;
/// The most of anything else that is a list: triggers, closing reasons, rules.
const MAX_OTHERS: usize = 500;
/// The most bytes as JSON.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Refuses a template that is too large.
pub(super) fn check(template: &FlowTemplate) -> Result<(), ApiError> {
    let len = |list: Option<usize>| list.unwrap_or_default();
    let counts = [
        ("tasks", template.tasks.len(), MAX_TASKS),
        ("edges", template.edges.len(), MAX_EDGES),
        ("phases", len(template.phases.as_ref().map(Vec::len)), MAX_PHASES),
        ("additional_triggers", len(template.additional_triggers.as_ref().map(Vec::len)), MAX_OTHERS),
        ("closing_reasons", len(template.closing_reasons.as_ref().map(Vec::len)), MAX_OTHERS),
        ("entity_sync", len(template.entity_sync.as_ref().map(Vec::len)), MAX_OTHERS),
        ("taxonomies", len(template.taxonomies.as_ref().map(Vec::len)), MAX_OTHERS),
    ];
    for (field, count, most) in counts {
        if count > most {
            return Err(ApiError::field(field, "too_big", format!("{count} are too many, {most} are allowed")));
        }
    }
    fits("", template, MAX_BYTES)
}
