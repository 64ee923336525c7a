//! Scopes: what a key may do, as `resource:action`. A handler names the one it needs in its signature.

use crate::limit::RateClass;

/// One scope, as a type.
pub(crate) trait Scope: Send + Sync + 'static {
    /// `resource:action`.
    const NAME: &'static str;
    /// The rate limit that requests under it count against.
    const RATE: Option<RateClass> = None;
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:literal $(in $rate:ident)?;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl Scope for $name {
            const NAME: &'static str = $text;
            $(const RATE: Option<RateClass> = Some(RateClass::$rate);)?
        })*

        /// Every scope.
        pub const SCOPES: &[&str] = &[$($text),*];
    };
}

scopes! {
    /// See workflows, their steps and executions.
    WorkflowsRead = "workflows:read";
    /// Change workflows, start and cancel executions.
    WorkflowsWrite = "workflows:write";
    /// Follow executions as they go on.
    ExecutionsRead = "executions:read";
    /// See flows and checklists: executions, their phases and tasks.
    FlowsRead = "flows:read";
    /// Start, change and delete flows and checklists, and act for a user.
    FlowsWrite = "flows:write";
    /// See templates of flows, definitions of checklists and closing reasons.
    FlowTemplatesRead = "flow-templates:read";
    /// Change templates of flows, definitions of checklists and closing reasons.
    FlowTemplatesWrite = "flow-templates:write";
    /// See entities.
    EntitiesRead = "entities:read";
    /// Make and change entities.
    EntitiesWrite = "entities:write";
    /// See the tasks that people have to do.
    TasksRead = "tasks:read";
    /// Complete, skip, assign and discuss tasks.
    TasksWrite = "tasks:write";
    /// See contacts.
    ContactsRead = "contacts:read";
    /// Change contacts.
    ContactsWrite = "contacts:write" in Contacts;
    /// See templates.
    TemplatesRead = "templates:read";
    /// Change templates.
    TemplatesWrite = "templates:write";
    /// See events.
    EventsRead = "events:read";
    /// Store and delete events.
    EventsWrite = "events:write" in Track;
    /// See messages.
    MessagesRead = "messages:read";
    /// Send messages.
    MessagesWrite = "messages:write" in Send;
    /// See suppressed addresses.
    SuppressionsRead = "suppressions:read";
    /// Suppress addresses and free them.
    SuppressionsWrite = "suppressions:write";
    /// See plugins.
    PluginsRead = "plugins:read";
    /// Install, grant and remove plugins.
    PluginsWrite = "plugins:write";
    /// See keys.
    KeysRead = "keys:read";
    /// Make and revoke keys.
    KeysWrite = "keys:write";
    /// See stored credentials, never their secrets.
    ConnectionsRead = "connections:read";
    /// Make and delete stored credentials.
    ConnectionsWrite = "connections:write";
    /// See the workspace and its webhook signing secret.
    WorkspaceRead = "workspace:read";
    /// Rotate the webhook signing secret.
    WorkspaceWrite = "workspace:write";
}

/// Whether one scope of a key, `*` and `resource:*` included, allows a wanted one, which may have a `*` as well.
pub(crate) fn allows(given: &str, wanted: &str) -> bool {
    let covers = |resource: &str| wanted.split_once(':').is_some_and(|(wanted, _)| wanted == resource);
    given == "*" || given == wanted || given.strip_suffix(":*").is_some_and(covers)
}

/// Whether a text is a scope that a key can have.
pub fn is_known(text: &str) -> bool {
    text == "*"
        || SCOPES.iter().any(|scope| {
            *scope == text
                || text.strip_suffix('*').is_some_and(|start| start.ends_with(':') && scope.starts_with(start))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_itself_and_a_star_allows_what_it_covers() {
        assert!(allows("*", "contacts:read") && allows("*", "*") && allows("contacts:*", "contacts:*"));
        assert!(allows("contacts:*", "contacts:write") && allows("contacts:read", "contacts:read"));
    }

    #[test]
    fn a_scope_allows_nothing_else() {
        assert!(!allows("contacts:read", "contacts:write") && !allows("contacts:*", "templates:read"));
        assert!(!allows("contacts:*", "*") && !allows("contact:*", "contacts:read") && !allows("", "contacts:read"));
    }

    #[test]
    fn only_scopes_that_some_route_asks_for_are_known() {
        assert!(is_known("*") && is_known("keys:*") && is_known("keys:write"));
        assert!(!is_known("key:*") && !is_known("k*") && !is_known("keys:delete") && !is_known(""));
    }
}
