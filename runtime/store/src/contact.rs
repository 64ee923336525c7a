//! People.

use stepwell_core::{Contact, ContactChange, ContactId, Timestamp, WorkspaceId, normalise_email};

use crate::conn::Conn;
use crate::dialect::locking;
use crate::error::StoreError;
use crate::row::{Read, to_json};
use crate::sql::{self, DbRow, Query};

pub use crate::contact_page::{BadCursor, ContactCursor, ContactQuery, ContactSort, after, count, lookup, page};

/// How often an upsert looks for a contact that comes and goes meanwhile.
const TRIES: u32 = 3;

/// What became of an upsert.
#[derive(Clone, Debug, PartialEq)]
pub struct Upserted {
    /// The contact as it is now.
    pub contact: Contact,
    /// Whether it was created.
    pub is_new: bool,
    /// Whether the subscription of an existing contact changed.
    pub flipped: bool,
}

/// The contact of this id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, StoreError> {
    let query = sql::query("select * from contact where id = $1 and workspace_id = $2");
    one(conn, query.bind(id.to_string()).bind(workspace.to_string())).await
}

/// The contact of this address, however it is written.
pub async fn get_by_email(conn: &mut Conn, workspace: WorkspaceId, email: &str) -> Result<Option<Contact>, StoreError> {
    let query = sql::query("select * from contact where workspace_id = $1 and email = $2");
    one(conn, query.bind(workspace.to_string()).bind(normalise_email(email))).await
}

/// Changes the contact of this address, or creates it as `new_id`, subscribed if `subscribed_if_new` unless the change says
/// otherwise.
pub async fn upsert(
    conn: &mut Conn,
    workspace: WorkspaceId,
    email: &str,
    change: &ContactChange,
    subscribed_if_new: bool,
    new_id: ContactId,
    now: Timestamp,
) -> Result<Upserted, StoreError> {
    let fresh = new_contact(workspace, email, change, subscribed_if_new, (new_id, now));
    for _ in 0..TRIES {
        if insert_if_free(conn, &fresh).await? {
            return Ok(Upserted { contact: fresh, is_new: true, flipped: false });
        }
        // Another node may have deleted it between the two statements; then the address is free.
        let text = locking!(conn, "select * from contact where workspace_id = $1 and email = $2");
        let query = sql::query(text).bind(workspace.to_string()).bind(normalise_email(email));
        let Some(mut contact) = one(conn, query).await? else { continue };
        let flipped = contact.apply(change, now);
        update(conn, &contact).await?;
        return Ok(Upserted { contact, is_new: false, flipped });
    }
    Err(StoreError::Overloaded)
}

fn new_contact(
    workspace: WorkspaceId,
    email: &str,
    change: &ContactChange,
    subscribed: bool,
    (id, now): (ContactId, Timestamp),
) -> Contact {
    let mut contact = Contact {
        id,
        workspace_id: workspace,
        email: normalise_email(email),
        subscribed,
        data: serde_json::Map::new(),
        created_at: now,
        updated_at: now,
    };
    contact.apply(change, now);
    contact
}

async fn insert_if_free(conn: &mut Conn, contact: &Contact) -> Result<bool, StoreError> {
    let done = sql::query(
        "insert into contact (id, workspace_id, email, subscribed, data, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (workspace_id, email) do nothing",
    )
    .bind(contact.id.to_string())
    .bind(contact.workspace_id.to_string())
    .bind(&contact.email)
    .bind(i64::from(contact.subscribed))
    .bind(to_json(&contact.data)?)
    .bind(contact.created_at.0)
    .bind(contact.updated_at.0)
    .execute(conn.db())
    .await?;
    conn.wrote(contact.id.0);
    Ok(done.rows_affected() > 0)
}

async fn update(conn: &mut Conn, contact: &Contact) -> Result<(), StoreError> {
    conn.wrote(contact.id.0);
    sql::query("update contact set subscribed = $3, data = $4, updated_at = $5 where id = $1 and workspace_id = $2")
        .bind(contact.id.to_string())
        .bind(contact.workspace_id.to_string())
        .bind(i64::from(contact.subscribed))
        .bind(to_json(&contact.data)?)
        .bind(contact.updated_at.0)
        .execute(conn.db())
        .await?;
    Ok(())
}

/// Changes a contact: the contact as it is now and whether its subscription changed; `None` if there is none of this id.
pub async fn apply_change(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ContactId,
    change: &ContactChange,
    now: Timestamp,
) -> Result<Option<(Contact, bool)>, StoreError> {
    let text = locking!(conn, "select * from contact where id = $1 and workspace_id = $2");
    let query = sql::query(text).bind(id.to_string()).bind(workspace.to_string());
    let Some(mut contact) = one(conn, query).await? else { return Ok(None) };
    let flipped = contact.apply(change, now);
    update(conn, &contact).await?;
    Ok(Some((contact, flipped)))
}

/// Gives a contact another address; false if there is no contact of this id, [`StoreError::EmailTaken`] if another contact
/// of the workspace has the address.
pub async fn update_email(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ContactId,
    email: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let email = normalise_email(email);
    conn.wrote(id.0);
    let done = sql::query("update contact set email = $3, updated_at = $4 where id = $1 and workspace_id = $2")
        .bind(id.to_string())
        .bind(workspace.to_string())
        .bind(&email)
        .bind(now.0)
        .execute(conn.db())
        .await
        .map_err(|error| StoreError::unless_duplicate(error, || StoreError::EmailTaken(email.clone())))?;
    Ok(done.rows_affected() > 0)
}

/// Deletes a contact; false if there is none of this id. Its events and executions stay, without a contact to show.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, id: ContactId) -> Result<bool, StoreError> {
    conn.wrote(id.0);
    let query = sql::query("delete from contact where id = $1 and workspace_id = $2");
    let done = query.bind(id.to_string()).bind(workspace.to_string()).execute(conn.db()).await?;
    Ok(done.rows_affected() > 0)
}

async fn one(conn: &mut Conn, query: Query) -> Result<Option<Contact>, StoreError> {
    query.fetch_optional(conn.db()).await?.as_ref().map(read).transpose()
}

pub(crate) fn read(row: &DbRow) -> Result<Contact, StoreError> {
    Ok(Contact {
        id: row.parsed("id")?,
        workspace_id: row.parsed("workspace_id")?,
        email: row.raw("email")?,
        subscribed: row.flag("subscribed")?,
        data: row.json("data")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
