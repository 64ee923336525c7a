//! Going through the templates of a workspace: filters that look into documents, and no more of them in memory than there is room for.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use stepwell_core::WorkspaceId;
use stepwell_store::Conn;
use stepwell_store::definition::{self, DrawnQuery};

use super::document;
use super::store::MAX_DEFINITIONS;
use crate::error::ApiError;
use crate::flows::wire::template_search::SearchTriggerType;

/// How many documents are read at once.
const AT_ONCE: u32 = 25;
/// How many bytes of documents one answer has at most; what does not fit is left out.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Which triggers a template has.
#[derive(Debug, Default)]
pub(super) struct TriggerFilter {
    pub(super) kind: Option<SearchTriggerType>,
    /// The automation or form.
    pub(super) source: Option<String>,
    /// The schema of the entities it is started for.
    pub(super) schema: Option<String>,
}

impl TriggerFilter {
    /// Whether it lets everything pass.
    pub(super) fn is_empty(&self) -> bool {
        self.kind.is_none() && self.source.is_none() && self.schema.is_none()
    }

    /// Whether one of a template's triggers fits.
    pub(super) fn fits(&self, document: &Value) -> bool {
        let more = document["additional_triggers"].as_array().into_iter().flatten();
        self.is_empty() || more.chain(document.get("trigger")).any(|trigger| self.fits_one(trigger))
    }

    fn fits_one(&self, trigger: &Value) -> bool {
        let is = |name: &str, wanted: &Option<String>| wanted.is_none() || trigger[name].as_str() == wanted.as_deref();
        let fits = |kind: SearchTriggerType| match kind {
            SearchTriggerType::Manual => trigger["type"] == "manual" && is("entity_schema", &self.schema),
            SearchTriggerType::Automation => trigger["type"] == "automation" && is("automation_id", &self.source),
            SearchTriggerType::JourneySubmission => {
                trigger["type"] == "journey_submission" && is("journey_id", &self.source)
            }
        };
        match self.kind {
            Some(kind) => fits(kind),
            // What is said of a kind of trigger is looked for in triggers of that kind.
            None if self.schema.is_some() => fits(SearchTriggerType::Manual),
            None => fits(SearchTriggerType::Automation) || fits(SearchTriggerType::JourneySubmission),
        }
    }
}

/// What was found.
pub(super) struct Found {
    /// How many there are in all.
    pub(super) hits: u64,
    /// The templates of the part that was asked for.
    pub(super) results: Vec<Box<RawValue>>,
}

/// The templates that fit, `from` and `size` of `query` being counted among those that fit the triggers.
pub(super) async fn find(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: DrawnQuery,
    triggers: &TriggerFilter,
) -> Result<Found, ApiError> {
    let (first, end) = (u64::from(query.from), u64::from(query.from) + u64::from(query.size.min(MAX_DEFINITIONS)));
    let (mut hits, mut bytes, mut results) = (0_u64, 0, Vec::new());
    // Without a filter of documents, only those that are shown are read.
    let direct = triggers.is_empty();
    let mut at = if direct { query.from } else { 0 };
    loop {
        let left = if direct { u32::try_from(end).unwrap_or(u32::MAX).saturating_sub(at) } else { AT_ONCE };
        let part = DrawnQuery { from: at, size: AT_ONCE.min(left), ..query.clone() };
        let page = definition::drawn(conn, workspace, &part).await?;
        let read = page.items.len();
        for written in page.items {
            if !triggers.fits(&written.document) {
                continue;
            }
            if direct || (hits >= first && hits < end) {
                let shown = document::shown(&written.definition, written.document);
                let text = to_raw_value(&shown).map_err(ApiError::internal)?;
                bytes += text.get().len();
                if bytes <= MAX_ANSWER {
                    results.push(text);
                }
            }
            hits += 1;
        }
        at = at.saturating_add(AT_ONCE);
        if direct && (read < part.size as usize || u64::from(at) >= end) {
            return Ok(Found { hits: page.total, results });
        }
        if read < AT_ONCE as usize {
            return Ok(Found { hits, results });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_found_by_any_of_its_triggers() {
        let template = json!({
            "trigger": {"type": "manual", "entity_schema": "contact"},
            "additional_triggers": [{"type": "automation", "automation_id": "a"}],
        });
        let filter = |kind, source: Option<&str>, schema: Option<&str>| {
            TriggerFilter { kind, source: source.map(Into::into), schema: schema.map(Into::into) }.fits(&template)
        };
        let (manual, automation) = (Some(SearchTriggerType::Manual), Some(SearchTriggerType::Automation));
        assert!(filter(None, None, None) && filter(manual, None, None) && filter(automation, None, None));
        assert!(filter(automation, Some("a"), None) && !filter(automation, Some("b"), None));
        assert!(filter(manual, None, Some("contact")) && !filter(manual, None, Some("order")));
        // For manual triggers, the source is not looked at.
        assert!(filter(manual, Some("b"), None));
        assert!(filter(None, Some("a"), None) && !filter(None, Some("b"), None) && filter(None, None, Some("contact")));
        assert!(!filter(Some(SearchTriggerType::JourneySubmission), None, None));
    }
}
