//! Entities: what flows are about, written from outside. Those of the schema `contact` are the workspace's contacts.
//!
//! A change only marks the waits of flows that watch the entity as due; the timer wakes them in commits of their own.

use serde_json::{Map, Value};
use stepwell_core::flow::Entity;
use stepwell_core::{ContactChange, MAX_CONTACT_DATA, MergeRule, Timestamp, WorkspaceId, normalise_email};
use stepwell_store::{Conn, StoreError, contact, entity, wait};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::route::Stamp;

/// The most an entity's attributes may take as JSON text, in bytes.
pub const MAX_ENTITY_DATA: usize = MAX_CONTACT_DATA;

impl Engine {
    /// Stores a new entity, under `id` if one is given. A contact is made by its `email`, is subscribed, and always gets a new id.
    /// Stored on return; [`StoreError::AlreadyExists`] if the id is taken, [`StoreError::EmailTaken`] if the address is.
    pub async fn create_entity(
        &self,
        workspace: WorkspaceId,
        schema: String,
        id: Option<Uuid>,
        data: Map<String, Value>,
    ) -> Result<Entity, EngineError> {
        let stamp = self.stamp();
        let written = self.0.store.write_for(workspace, move |conn| {
            Box::pin(async move {
                let entity = create(conn, workspace, (schema, id), data, &stamp).await?;
                Wrote::new(conn, workspace, entity, &stamp).await
            })
        });
        self.woken(workspace, written.await?).await
    }

    /// Merges `change` into an entity's attributes, member by member; null removes one. Stored on return; an entity that stays as it
    /// is wakes nobody. [`EngineError::UnknownEntity`] if there is none, [`EngineError::EntityTooLarge`] if it would grow too large.
    pub async fn patch_entity(
        &self,
        workspace: WorkspaceId,
        schema: String,
        id: Uuid,
        change: Map<String, Value>,
    ) -> Result<Entity, EngineError> {
        let stamp = self.stamp();
        let written = self.0.store.write_for(workspace, move |conn| {
            Box::pin(async move {
                let (entity, changed) = patch(conn, workspace, (schema, id), &change, &stamp).await?;
                if changed {
                    return Wrote::new(conn, workspace, entity, &stamp).await;
                }
                Ok(Wrote { entity, nudged: 0, at: stamp.now })
            })
        });
        self.woken(workspace, written.await?).await
    }

    /// Has the timer take up what watches the entity. What the commit had no room for is marked in more of them.
    async fn woken(&self, workspace: WorkspaceId, wrote: Wrote) -> Result<Entity, EngineError> {
        let Wrote { entity, mut nudged, at } = wrote;
        while nudged > 0 {
            self.0.alarm.set(at);
            if nudged < wait::NUDGED_AT_ONCE {
                break;
            }
            let (schema, id) = (entity.schema.clone(), entity.id.clone());
            let more = self.0.store.write_for::<_, StoreError, _>(workspace, move |conn| {
                Box::pin(async move { wait::nudge_watchers(conn, workspace, &schema, &id, at).await })
            });
            nudged = more.await?;
        }
        Ok(entity)
    }
}

/// An entity that was written, and how many waits that ends.
struct Wrote {
    entity: Entity,
    nudged: u64,
    at: Timestamp,
}

impl Wrote {
    async fn new(conn: &mut Conn, workspace: WorkspaceId, entity: Entity, stamp: &Stamp) -> Result<Self, EngineError> {
        let nudged = wait::nudge_watchers(conn, workspace, &entity.schema, &entity.id, stamp.now).await?;
        Ok(Self { entity, nudged, at: stamp.now })
    }
}

async fn create(
    conn: &mut Conn,
    workspace: WorkspaceId,
    (schema, id): (String, Option<Uuid>),
    data: Map<String, Value>,
    stamp: &Stamp,
) -> Result<Entity, EngineError> {
    if schema == entity::CONTACT {
        return create_contact(conn, workspace, data, stamp).await;
    }
    let id = id.unwrap_or_else(|| stamp.given().id()).to_string();
    let made = Entity { id, schema, data, created_at: stamp.now, updated_at: stamp.now };
    bounded(&made)?;
    entity::insert(conn, workspace, &made).await?;
    Ok(made)
}

async fn create_contact(
    conn: &mut Conn,
    workspace: WorkspaceId,
    mut data: Map<String, Value>,
    stamp: &Stamp,
) -> Result<Entity, EngineError> {
    let email = data.remove(entity::EMAIL).and_then(|email| email.as_str().map(normalise_email)).unwrap_or_default();
    let change = ContactChange { data, merge: MergeRule::DeleteNulls, subscribed: None };
    let done = contact::upsert(conn, workspace, &email, &change, true, stamp.given().id(), stamp.now).await?;
    if !done.is_new {
        return Err(StoreError::EmailTaken(email).into());
    }
    let made = entity::of_contact(done.contact);
    bounded(&made)?;
    Ok(made)
}

/// The entity as it is now, and whether it is another than before.
async fn patch(
    conn: &mut Conn,
    workspace: WorkspaceId,
    (schema, id): (String, Uuid),
    change: &Map<String, Value>,
    stamp: &Stamp,
) -> Result<(Entity, bool), EngineError> {
    let moved = schema == entity::CONTACT && readdress(conn, workspace, id, change, stamp).await?;
    let id = id.to_string();
    let merged = entity::merge(conn, workspace, &schema, &id, change, stamp.now).await?;
    let (entity, changed) = merged.ok_or(EngineError::UnknownEntity { schema, id })?;
    bounded(&entity)?;
    Ok((entity, moved || changed))
}

/// Gives a contact the address that a change has, if it has another; whether it had.
async fn readdress(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: Uuid,
    change: &Map<String, Value>,
    stamp: &Stamp,
) -> Result<bool, EngineError> {
    let Some(email) = change.get(entity::EMAIL).and_then(Value::as_str).map(normalise_email) else { return Ok(false) };
    let before = contact::get(conn, workspace, id.into()).await?;
    if before.is_none_or(|contact| contact.email == email) {
        return Ok(false);
    }
    Ok(contact::update_email(conn, workspace, id.into(), &email, stamp.now).await?)
}

/// Attributes may grow by many small merges; the whole is bounded here, in the commit that would go beyond it.
fn bounded(entity: &Entity) -> Result<(), EngineError> {
    let size = serde_json::to_vec(&entity.data).map_or(usize::MAX, |text| text.len());
    if size > MAX_ENTITY_DATA {
        return Err(EngineError::EntityTooLarge { limit: MAX_ENTITY_DATA });
    }
    Ok(())
}
