//! Events: their names, the catalogue of those the server emits, and which names mean the same.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ContactId, EventId, MessageId, WorkspaceId};
use crate::time::Timestamp;

/// Something that happened, usually to a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Which one.
    pub id: EventId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// What happened.
    pub name: String,
    /// To whom.
    pub contact_id: Option<ContactId>,
    /// The message it is about.
    pub message_id: Option<MessageId>,
    /// More, an object or null.
    pub data: Value,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// The events that the server emits itself (spec plunk-workflows, 7.3), for pickers: usable before any was ever fired.
pub const SYSTEM_EVENTS: [&str; 6] =
    ["contact.subscribed", "contact.unsubscribed", "email.bounce", "email.click", "email.open", "email.sent"];

/// Names that stand for a system event (spec plunk-workflows, 7.3 and 15.2).
const ALIASES: [(&str, &str); 4] = [
    ("email.clicked", "email.click"),
    ("email.opened", "email.open"),
    ("email.delivered", "email.delivery"),
    ("email.bounced", "email.bounce"),
];

/// The name under which an event is matched: an alias gives the emitted name, any other name itself.
pub fn canonical_name(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, emitted)| emitted)
}

/// Whether only the server may emit this name.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with("email.")
        || name == "contact.subscribed"
        || name == "contact.unsubscribed"
        || (name.starts_with("segment.") && (name.ends_with(".entry") || name.ends_with(".exit")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_the_seed_example_means_the_emitted_event() {
        assert_eq!(canonical_name("email.clicked"), "email.click");
        assert_eq!(canonical_name("signed_up"), "signed_up");
    }

    #[test]
    fn every_system_event_is_reserved_and_ordinary_names_are_not() {
        assert!(SYSTEM_EVENTS.iter().all(|name| is_reserved(name)));
        assert!(is_reserved("segment.vip.entry"));
        assert!(!is_reserved("segment.vip") && !is_reserved("signed_up") && !is_reserved("contact.created"));
    }
}
