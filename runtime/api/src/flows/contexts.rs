//! What executions are about, before they may be: named once, and there where this server keeps such things.

use std::collections::BTreeSet;

use stepwell_core::flow::{Context, Entity};
use stepwell_core::{ContactId, WorkspaceId};
use stepwell_store::{Conn, entity};

use super::error::invalid;
use super::ids;
use crate::error::ApiError;

/// The most entities that an execution is about.
pub(crate) const MAX_CONTEXTS: usize = 32;

/// The most characters of an entity's id or slug.
const MAX_NAME: usize = 200;

/// Refuses contexts that are too many or the same, and ids that are none. `member` is where a context has its id and its slug.
pub(crate) fn check(contexts: &[Context], member: (&str, &str)) -> Result<(), ApiError> {
    if contexts.len() > MAX_CONTEXTS {
        return Err(ApiError::field("contexts", "too_big", format!("must have at most {MAX_CONTEXTS} items")));
    }
    let mut seen = BTreeSet::new();
    for (place, context) in contexts.iter().enumerate() {
        for (name, text) in [(member.0, &context.entity_id), (member.1, &context.schema)] {
            if text.trim().is_empty() || text.chars().count() > MAX_NAME {
                let message = format!("must have 1 to {MAX_NAME} characters");
                return Err(ApiError::field(format!("contexts.{place}.{name}"), "invalid_string", message));
            }
        }
        if !seen.insert((&context.entity_id, &context.schema)) {
            return Err(invalid(format!("contexts.{place}"), "is there twice"));
        }
    }
    Ok(())
}

/// What is known of the contexts. Of a schema that the workspace keeps entities of, each has to be there; of any other, they live
/// elsewhere, and nothing is known of them.
pub(crate) async fn known(
    conn: &mut Conn,
    workspace: WorkspaceId,
    contexts: &[Context],
) -> Result<Vec<Entity>, ApiError> {
    let known = entity::known(conn, workspace, contexts).await?;
    for (place, context) in contexts.iter().enumerate() {
        let is_this = |entity: &Entity| entity.id == context.entity_id && entity.schema == context.schema;
        if !known.iter().any(is_this) && entity::keeps(conn, workspace, &context.schema).await? {
            let message = format!("there is no {} {:?}", shortened(&context.schema), shortened(&context.entity_id));
            return Err(invalid(format!("contexts.{place}"), message));
        }
    }
    Ok(known)
}

/// The contact that an execution is about: of the known ones the first.
pub(crate) fn contact(known: &[Entity]) -> Option<ContactId> {
    known.iter().find(|entity| entity.schema == entity::CONTACT).and_then(|entity| ids::parse(&entity.id))
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(id: &str, schema: &str) -> Context {
        Context { entity_id: id.into(), schema: schema.into(), is_primary: false, data: None }
    }

    fn refused(contexts: &[Context]) -> Option<String> {
        check(contexts, ("id", "schema")).err().map(|error| error.errors()[0].field.clone())
    }

    #[test]
    fn contexts_are_named_and_named_once() {
        assert_eq!(refused(&[context("a", "order"), context("a", "contact")]), None);
        assert_eq!(refused(&[context("a", "order"), context("a", "order")]).as_deref(), Some("contexts.1"));
        assert_eq!(refused(&[context(" ", "order")]).as_deref(), Some("contexts.0.id"));
        assert_eq!(refused(&[context("a", &"x".repeat(201))]).as_deref(), Some("contexts.0.schema"));
        let many: Vec<_> = (0..33).map(|n| context(&n.to_string(), "order")).collect();
        assert_eq!(refused(&many).as_deref(), Some("contexts"));
    }
}
