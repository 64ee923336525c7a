//! Things that flows are about: any JSON object, by the slug of its schema. Those of the schema `contact` are contacts.

use serde_json::{Map, Value};
use stepwell_core::flow::{Context, Entity};
use stepwell_core::{Contact, ContactChange, ContactId, MergeRule, Timestamp, WorkspaceId};

use crate::conn::Conn;
use crate::contact;
use crate::dialect::locking;
use crate::error::StoreError;
use crate::row::{self, Read, to_json};
use crate::sql::{self, DbRow, QueryBuilder};

/// The schema whose entities are the workspace's contacts.
pub const CONTACT: &str = "contact";

/// The attribute that a contact's address is shown as.
pub const EMAIL: &str = "email";

/// Entities of one statement; a statement has a bound on parameters.
const ROWS: usize = 100;

/// The entity of this schema and id.
pub async fn get(
    conn: &mut Conn,
    workspace: WorkspaceId,
    schema: &str,
    id: &str,
) -> Result<Option<Entity>, StoreError> {
    if schema == CONTACT {
        let Ok(id) = id.parse() else { return Ok(None) };
        return Ok(contact::get(conn, workspace, id).await?.map(of_contact));
    }
    let query = sql::query("select * from entity where workspace_id = $1 and schema = $2 and id = $3");
    let query = query.bind(workspace.to_string()).bind(schema).bind(id);
    query.fetch_optional(conn.db()).await?.as_ref().map(read).transpose()
}

/// Stores a new entity; [`StoreError::AlreadyExists`] if its schema has one of its id. Not for contacts: those are
/// [upserted](contact::upsert).
pub async fn insert(conn: &mut Conn, workspace: WorkspaceId, entity: &Entity) -> Result<(), StoreError> {
    let done = sql::query(
        "insert into entity (workspace_id, schema, id, data, created_at, updated_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (workspace_id, schema, id) do nothing",
    )
    .bind(workspace.to_string())
    .bind(&entity.schema)
    .bind(&entity.id)
    .bind(to_json(&entity.data)?)
    .bind(entity.created_at.0)
    .bind(entity.updated_at.0)
    .execute(conn.db())
    .await?;
    if done.rows_affected() == 0 { Err(StoreError::AlreadyExists) } else { Ok(()) }
}

/// Merges attributes into an entity, member by member; null removes one. The entity as it is now and whether it is another than
/// before; `None` if there is none of this id. A contact's address stays as it is.
pub async fn merge(
    conn: &mut Conn,
    workspace: WorkspaceId,
    schema: &str,
    id: &str,
    change: &Map<String, Value>,
    now: Timestamp,
) -> Result<Option<(Entity, bool)>, StoreError> {
    if schema == CONTACT {
        let Ok(id) = id.parse() else { return Ok(None) };
        return merge_contact(conn, workspace, id, change, now).await;
    }
    let text = locking!(conn, "select * from entity where workspace_id = $1 and schema = $2 and id = $3");
    let query = sql::query(text).bind(workspace.to_string()).bind(schema).bind(id);
    let Some(mut entity) = query.fetch_optional(conn.db()).await?.as_ref().map(read).transpose()? else {
        return Ok(None);
    };
    let before = entity.data.clone();
    merge_into(&mut entity.data, change);
    let changed = entity.data != before;
    if changed {
        entity.updated_at = now;
        update(conn, workspace, &entity).await?;
    }
    Ok(Some((entity, changed)))
}

fn merge_into(data: &mut Map<String, Value>, change: &Map<String, Value>) {
    for (name, value) in change {
        if value.is_null() {
            data.remove(name);
        } else {
            data.insert(name.clone(), value.clone());
        }
    }
}

async fn update(conn: &mut Conn, workspace: WorkspaceId, entity: &Entity) -> Result<(), StoreError> {
    sql::query("update entity set data = $4, updated_at = $5 where workspace_id = $1 and schema = $2 and id = $3")
        .bind(workspace.to_string())
        .bind(&entity.schema)
        .bind(&entity.id)
        .bind(to_json(&entity.data)?)
        .bind(entity.updated_at.0)
        .execute(conn.db())
        .await?;
    Ok(())
}

async fn merge_contact(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ContactId,
    change: &Map<String, Value>,
    now: Timestamp,
) -> Result<Option<(Entity, bool)>, StoreError> {
    let Some(before) = contact::get(conn, workspace, id).await? else { return Ok(None) };
    let mut data = change.clone();
    data.remove(EMAIL);
    let change = ContactChange { data, merge: MergeRule::DeleteNulls, subscribed: None };
    if !would_change(&before, &change, now) {
        return Ok(Some((of_contact(before), false)));
    }
    let changed = contact::apply_change(conn, workspace, id, &change, now).await?;
    Ok(changed.map(|(after, _)| {
        let changed = after.data != before.data;
        (of_contact(after), changed)
    }))
}

fn would_change(contact: &Contact, change: &ContactChange, now: Timestamp) -> bool {
    let mut after = contact.clone();
    after.apply(change, now);
    after.data != contact.data
}

/// What is known of what an execution is about, in that order; what is not known is left out.
pub async fn known(conn: &mut Conn, workspace: WorkspaceId, about: &[Context]) -> Result<Vec<Entity>, StoreError> {
    let (contacts, others): (Vec<_>, Vec<_>) = about.iter().partition(|context| context.schema == CONTACT);
    let mut found = Vec::new();
    for part in others.chunks(ROWS) {
        let mut select = QueryBuilder::new("select * from entity where workspace_id = ");
        select.push_bind(workspace.to_string());
        for (at, context) in part.iter().enumerate() {
            select.push(if at == 0 { " and (" } else { " or " });
            select
                .push("(schema = ")
                .push_bind(&context.schema)
                .push(" and id = ")
                .push_bind(&context.entity_id)
                .push(")");
        }
        select.push(")");
        found.extend(row::all(select.build().fetch_all(conn.db()).await?, read)?);
    }
    for part in contacts.chunks(ROWS) {
        let mut select = QueryBuilder::new("select * from contact where workspace_id = ");
        select.push_bind(workspace.to_string());
        row::push_in(&mut select, " and id in ", part.iter().map(|context| context.entity_id.clone()));
        let contacts = row::all(select.build().fetch_all(conn.db()).await?, contact::read)?;
        found.extend(contacts.into_iter().map(of_contact));
    }
    let place = |entity: &Entity| {
        about.iter().position(|context| context.entity_id == entity.id && context.schema == entity.schema)
    };
    found.sort_by_key(place);
    Ok(found)
}

/// Whether the workspace has any entity of a schema: then all of that schema are expected to be here.
pub async fn keeps(conn: &mut Conn, workspace: WorkspaceId, schema: &str) -> Result<bool, StoreError> {
    let query = if schema == CONTACT {
        sql::query("select 1 from contact where workspace_id = $1 limit 1").bind(workspace.to_string())
    } else {
        let query = sql::query("select 1 from entity where workspace_id = $1 and schema = $2 limit 1");
        query.bind(workspace.to_string()).bind(schema)
    };
    Ok(query.fetch_optional(conn.db()).await?.is_some())
}

/// A contact as an entity: its data and its address.
pub fn of_contact(contact: Contact) -> Entity {
    let mut data = contact.data;
    data.insert(EMAIL.to_owned(), contact.email.into());
    Entity {
        id: contact.id.to_string(),
        schema: CONTACT.to_owned(),
        data,
        created_at: contact.created_at,
        updated_at: contact.updated_at,
    }
}

fn read(row: &DbRow) -> Result<Entity, StoreError> {
    Ok(Entity {
        id: row.raw("id")?,
        schema: row.raw("schema")?,
        data: row.json("data")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
